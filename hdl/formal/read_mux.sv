
// One of the readers: what it asked for and the bus has not taken yet.
(* anyconst *) wire [3:0] reader;
reg started = 0, owed = 0, stalled = 0;
reg [75:0] asked, offered;
wire [2:0] ready = {ar_ready$2, ar_ready$1, ar_ready$0};
wire [2:0] valid = {ar_valid$2, ar_valid$1, ar_valid$0};
wire [2:0] answered = {r_valid$2, r_valid$1, r_valid$0};
wire accepted = valid[reader] && ready[reader];
wire [71:0] request_of_reader = reader == 0 ? {ar_length$0, ar_address$0} : reader == 1 ? {ar_length$1, ar_address$1} : {ar_length$2, ar_address$2};
wire leaves = bus_ar_valid && bus_ar_ready && bus_ar_id == reader;
always @(posedge clock) begin
  started <= 1;
  if (accepted) asked <= {reader, request_of_reader};
  owed <= !reset && (accepted || owed && !leaves);
  stalled <= !reset && bus_ar_valid && !bus_ar_ready;
  offered <= {bus_ar_id, bus_ar_length, bus_ar_address};
end
always @(*) begin
  assume (reader < 3);
  if (!started) assume (reset);
end
always @(*) if (started) begin
  assert ((ready & (ready - 1'b1)) == 0);
  assert (owed == (bus_ar_valid && bus_ar_id == reader));
  if (owed) assert ({bus_ar_id, bus_ar_length, bus_ar_address} == asked);
  if (accepted && owed) assert (leaves);
  if (stalled) assert (bus_ar_valid && {bus_ar_id, bus_ar_length, bus_ar_address} == offered);
  assert (pending == bus_ar_valid);
  assert (answered[reader] == (bus_r_valid && bus_r_id == reader));
end
