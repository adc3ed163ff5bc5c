
// Items, takes and results are three words long and come every third cycle, results at a time of their own.
(* anyconst *) wire [1:0] start;
// One of the slots, after all have been cleared: what it has to hold, and what has to come of what arrives there.
(* anyconst *) wire [18:0] slot;
reg started = 0, full = 0;
reg [1:0] beat = 0;
reg [1:0] waiting [0:2];
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
// The number of the word that goes into the slot; that which has to leave, counted from one.
reg [1:0] new_fills = 0, result_fills = 0, new_leaves = 0, result_leaves = 0, answer_leaves = 0;
reg meeting, answers_full;
reg [19:0] new_was_to, result_was_to;
reg [1:0] new_was, result_was;
wire [18:0] new_pair_slot = {new_pair_tag[19:2], new_pair_tag[0]};
wire [18:0] result_pair_slot = {result_pair_tag[19:2], result_pair_tag[0]};
always @(posedge clock) begin
  started <= 1;
  beat <= reset || beat == 2 ? 0 : beat + 1;
  new_came <= new_valid;
  result_came <= result_valid && clean;
  take_came <= take_valid;
  {new_to, new_is, result_to, result_is} <= {new_tag, new_point, result_tag, result_point};
  {new_was_to, new_was, result_was_to, result_was} <= {new_to, new_is, result_to, result_is};
  take_from <= {take_address, take_unit};
  if (new_here || result_here) full <= !full;
  if (take_here || reset) full <= 0;
  if (new_here && !full) waiting[0] <= new_is;
  if (new_fills != 0) waiting[new_fills] <= new_is;
  if (result_here && !full) waiting[0] <= result_is;
  if (result_fills != 0) waiting[result_fills] <= result_is;
  new_fills <= new_here && !full ? 1 : new_fills == 1 ? 2 : 0;
  result_fills <= result_here && !full ? 1 : result_fills == 1 ? 2 : 0;
  new_leaves <= new_here && full ? 1 : new_leaves == 0 || new_leaves == 3 ? 0 : new_leaves + 1;
  result_leaves <= result_here && full || meet_here ? 1 : result_leaves == 0 || result_leaves == 3 ? 0 : result_leaves + 1;
  answer_leaves <= take_here ? 1 : answer_leaves == 0 || answer_leaves == 3 ? 0 : answer_leaves + 1;
  if (result_here || meet_here) meeting <= meet_here;
  if (take_here) answers_full <= full;
end
wire [1:0] new_right = waiting[2'(new_leaves - 2'd1)];
wire [1:0] result_right = waiting[2'(result_leaves - 2'd1)];
wire [1:0] answer_word = waiting[2'(answer_leaves - 2'd1)];
always @(*) begin
  assume (reset == !started);
  assume (start < 3);
  assume (slot[18:1] < 2 && new_tag[19:2] < 2 && result_tag[19:2] < 2 && take_address < 2);
  assume (clean && beat == 0 || !new_valid && !take_valid);
  assume (beat == start || !result_valid);
  // An item and a read-out never go to one unit in one cycle, nor a result to a slot that is read out.
  assume (!(new_valid && take_valid && new_tag[0] == take_unit));
  assume (!(result_valid && take_valid && {result_tag[19:2], result_tag[0]} == {take_address, take_unit}));
end
always @(*) if (started && clean) begin
  assert ((new_pair && new_pair_slot == slot) == (new_leaves == 1));
  if (new_leaves == 1) assert (new_pair_tag == new_was_to);
  if (new_leaves != 0) assert ({new_pair_left, new_pair_right} == {new_was, new_right});
  assert ((result_pair && result_pair_slot == slot) == (result_leaves == 1));
  if (result_leaves == 1) assert (result_pair_tag == result_was_to);
  if (result_leaves != 0) assert ({result_pair_left, result_pair_right} == {result_was, meeting ? new_was : result_right});
  if (answer_leaves == 1) assert (answer && answer_full == answers_full && answer_address == slot[18:1]);
  if (answer_leaves != 0 && answers_full) assert (answer_point == answer_word);
  if (new_here) assert (new_rested == !full && new_context == new_to[1]);
  if (result_here) assert (result_left == !full && result_context == result_to[1]);
  if (meet_here) assert (new_rested && !result_left);
end
