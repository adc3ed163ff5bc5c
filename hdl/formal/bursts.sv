
// What of the run has not been taken yet.
reg started = 0, owed = 0;
reg [63:0] at;
reg [31:0] remaining = 0;
always @(posedge clock) begin
  started <= 1;
  if (start) begin
    at <= address;
    remaining <= beats;
  end else if (valid && take) begin
    at <= at + 8 * burst_beats;
    remaining <= remaining - burst_beats;
  end
  if (reset || (abort && !start)) remaining <= 0;
  owed <= !reset && !abort && !start && !valid && remaining != 0;
end
always @(*) if (!started) assume (reset);
always @(*) if (start) assume (address[2:0] == 0);
always @(*) if (started) begin
  assert (left == remaining);
  if (remaining != 0) assert (burst_address == at && at[2:0] == 0);
  if (valid) begin
    assert (burst_beats != 0 && burst_beats <= 16 && burst_beats <= remaining);
    assert (burst_address[11:0] + 8 * burst_beats <= 4096);
  end
  if (owed) assert (valid);
end
