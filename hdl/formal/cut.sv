
// The last wide word, and how much of it has still to leave.
reg started = 0, stalled = 0;
reg [31:0] word;
reg [7:0] offered;
reg [2:0] count = 0;
always @(posedge clock) begin
  started <= 1;
  if (in) word <= in_data;
  count <= reset || flush ? 0 : in ? 4 : out ? count - 1 : count;
  stalled <= !reset && !flush && out_valid && !out_ready;
  offered <= out_data;
end
always @(*) if (!started) assume (reset);
always @(*) if (started) begin
  assert (level == count && count <= 4);
  assert (out_valid == (count != 0));
  if (count == 4) assert (held == word);
  if (count == 3) assert (held[23:0] == word[31:8]);
  if (count == 2) assert (held[15:0] == word[31:16]);
  if (count == 1) assert (held[7:0] == word[31:24]);
  if (in) assert (count == 0 || count == 1 && out);
  if (stalled) assert (out_valid && out_data == offered);
end
