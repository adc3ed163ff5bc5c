
// One of the writers: from its address until its last beat, W is its alone.
(* anyconst *) wire [3:0] writer;
reg started = 0, waits = 0, sends = 0, stalled = 0;
reg [75:0] wanted, offered;
wire [2:0] ready = {aw_ready$2, aw_ready$1, aw_ready$0};
wire [2:0] valid = {aw_valid$2, aw_valid$1, aw_valid$0};
wire [2:0] w_readies = {w_ready$2, w_ready$1, w_ready$0};
wire [2:0] answered = {b_valid$2, b_valid$1, b_valid$0};
wire accepted = valid[writer] && ready[writer];
wire [71:0] request_of_writer = writer == 0 ? {aw_length$0, aw_address$0} : writer == 1 ? {aw_length$1, aw_address$1} : {aw_length$2, aw_address$2};
wire [10:0] beat_of_writer = writer == 0 ? {w_valid$0, w_last$0, w_strobe$0, w_data$0} : writer == 1 ? {w_valid$1, w_last$1, w_strobe$1, w_data$1} : {w_valid$2, w_last$2, w_strobe$2, w_data$2};
wire leaves = bus_aw_valid && bus_aw_ready && bus_aw_id == writer;
wire ends = bus_w_valid && bus_w_ready && bus_w_last;
always @(posedge clock) begin
  started <= 1;
  if (accepted) wanted <= {writer, request_of_writer};
  waits <= !reset && (accepted || waits && !leaves);
  sends <= !reset && (leaves || sends && !ends);
  stalled <= !reset && bus_aw_valid && !bus_aw_ready;
  offered <= {bus_aw_id, bus_aw_length, bus_aw_address};
end
always @(*) begin
  assume (writer < 3);
  if (!started) assume (reset);
end
always @(*) if (started) begin
  assert ((ready & (ready - 1'b1)) == 0 && (w_readies & (w_readies - 1'b1)) == 0);
  assert (waits == (bus_aw_valid && bus_aw_id == writer));
  if (waits) assert ({bus_aw_id, bus_aw_length, bus_aw_address} == wanted);
  if (stalled) assert (bus_aw_valid && {bus_aw_id, bus_aw_length, bus_aw_address} == offered);
  // A turn ends before the next one begins, so beats follow each other as addresses did.
  if (accepted) assert (!waits && !sends);
  if (bus_aw_valid) assert (!bus_w_valid && w_readies == 0);
  if (sends) begin
    assert (ready == 0 && w_readies[writer] == bus_w_ready);
    assert (bus_w_valid == beat_of_writer[10]);
    if (bus_w_valid) assert ({bus_w_last, bus_w_strobe, bus_w_data} == beat_of_writer[9:0]);
  end else assert (!w_readies[writer]);
  assert (answered[writer] == (bus_b_valid && bus_b_id == writer));
  // What the turns' registers hold.
  assert (waits + sends <= 1);
  assert ((waits || sends) == (owned$q && owner$q[writer]));
  assert ((owner$q & (owner$q - 1'b1)) == 0 || !owned$q);
  assert (asked$q == bus_aw_valid && (!asked$q || owned$q));
  if (asked$q) assert (owner$q == 16'd1 << id$q && id$q < 3);
  if (sends) assert (!asked$q);
end
