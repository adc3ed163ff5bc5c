
// The words since the last wide one, in their places.
reg started = 0, stalled = 0;
reg [31:0] came, offered;
reg [2:0] count = 0;
wire [2:0] place = out ? 0 : count;
always @(posedge clock) begin
  started <= 1;
  if (in) came[8 * place[1:0] +: 8] <= in_data;
  count <= reset || flush ? 0 : place + in;
  stalled <= !reset && !flush && out_valid && !out_ready;
  offered <= out_data;
end
always @(*) if (!started) assume (reset);
always @(*) if (started) begin
  assert (level == count && count <= 4);
  assert (out_valid == (count == 4));
  if (count == 1) assert (held[31:24] == came[7:0]);
  if (count == 2) assert (held[31:16] == came[15:0]);
  if (count == 3) assert (held[31:8] == came[23:0]);
  if (count == 4) assert (out_data == came);
  if (stalled) assert (out_valid && out_data == offered);
  if (count < 4 || out_ready) assert (in_ready);
end
