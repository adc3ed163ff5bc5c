
// Items, takes and results are three words long and come every third cycle, results at a time of their own.
(* anyconst *) wire [1:0] start;
reg [1:0] beat = 0;
// What the slot has to hold.
reg [1:0] waiting [0:2];
// The number of the word that goes into the slot; that which has to leave, counted from one.
reg [1:0] new_fills = 0, result_fills = 0, new_leaves = 0, result_leaves = 0, answer_leaves = 0;
reg meeting, answers_full;
reg [19:0] new_was_to, result_was_to;
reg [1:0] new_was, result_was;
always @(posedge clock) begin
  beat <= reset || beat == 2 ? 0 : beat + 1;
  {new_was_to, new_was, result_was_to, result_was} <= {new_to, new_is, result_to, result_is};
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
  assume (start < 3);
  assume (beat == 0 || !new_valid && !take_valid);
  assume (beat == start || !result_valid);
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
end
