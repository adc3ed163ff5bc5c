
// One of the slots, after all have been cleared, and what arrives there: in the cycle of the decision, the one before's.
(* anyconst *) wire [18:0] slot;
reg started = 0, full = 0;
reg new_came = 0, result_came = 0, take_came = 0;
reg [19:0] new_to, result_to;
reg [18:0] take_from;
reg [1:0] new_is, result_is;
wire [18:0] new_slot = {new_to[19:2], new_to[0]}, result_slot = {result_to[19:2], result_to[0]};
wire meet = new_came && result_came && new_slot == result_slot;
wire new_here = new_came && new_slot == slot && !meet;
wire result_here = result_came && result_slot == slot && !meet;
wire meet_here = meet && new_slot == slot;
wire take_here = take_came && take_from == slot;
wire [18:0] new_pair_slot = {new_pair_tag[19:2], new_pair_tag[0]};
wire [18:0] result_pair_slot = {result_pair_tag[19:2], result_pair_tag[0]};
always @(posedge clock) begin
  started <= 1;
  new_came <= new_valid;
  result_came <= result_valid && clean;
  take_came <= take_valid;
  {new_to, new_is, result_to, result_is} <= {new_tag, new_point, result_tag, result_point};
  take_from <= {take_address, take_unit};
  if (new_here || result_here) full <= !full;
  if (take_here || reset) full <= 0;
end
always @(*) begin
  assume (reset == !started);
  assume (slot[18:1] < 2 && new_tag[19:2] < 2 && result_tag[19:2] < 2 && take_address < 2);
  assume (clean || !new_valid && !take_valid);
  // An item and a read-out never go to one unit in one cycle, nor a result to a slot that is read out.
  assume (!(new_valid && take_valid && new_tag[0] == take_unit));
  assume (!(result_valid && take_valid && {result_tag[19:2], result_tag[0]} == {take_address, take_unit}));
end
always @(*) if (started && clean) begin
  if (new_here) assert (new_rested == !full && new_context == new_to[1]);
  if (result_here) assert (result_left == !full && result_context == result_to[1]);
  if (meet_here) assert (new_rested && !result_left);
end
