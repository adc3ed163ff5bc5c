
// One of the slots, after all have been cleared: what it has to hold, and what has to come of what arrives there.
(* anyconst *) wire [18:0] slot;
reg started = 0, full = 0;
reg [1:0] waiting;
// In the cycle of the decision: what arrived in the cycle before.
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
// What has to leave two cycles after the decision: valid, tag, left, right; of a take: valid, full, point.
reg [24:0] new_due_1 = 0, new_due = 0, result_due_1 = 0, result_due = 0;
reg [3:0] answer_due_1 = 0, answer_due = 0;
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
  if (new_here && !full) waiting <= new_is;
  if (result_here && !full) waiting <= result_is;
  new_due_1 <= {new_here && full, new_to, new_is, waiting};
  result_due_1 <= {result_here && full || meet_here, result_to, result_is, meet_here ? new_is : waiting};
  answer_due_1 <= {take_here, full, waiting};
  {new_due, result_due, answer_due} <= {new_due_1, result_due_1, answer_due_1};
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
  assert ((new_pair && new_pair_slot == slot) == new_due[24]);
  if (new_due[24]) assert ({new_pair_tag, new_pair_left, new_pair_right} == new_due[23:0]);
  assert ((result_pair && result_pair_slot == slot) == result_due[24]);
  if (result_due[24]) assert ({result_pair_tag, result_pair_left, result_pair_right} == result_due[23:0]);
  if (answer_due[3]) assert (answer && answer_full == answer_due[2] && answer_address == slot[18:1]);
  if (answer_due[3] && answer_due[2]) assert (answer_point == answer_due[1:0]);
  if (new_here) assert (new_rested == !full && new_context == new_to[1]);
  if (result_here) assert (result_left == !full && result_context == result_to[1]);
  if (meet_here) assert (new_rested && !result_left);
end
