
// What the slot has to hold.
reg [1:0] waiting;
// What has to leave two cycles after the decision: valid, tag, left, right; of a take: valid, full, point.
reg [24:0] new_due_1 = 0, new_due = 0, result_due_1 = 0, result_due = 0;
reg [3:0] answer_due_1 = 0, answer_due = 0;
always @(posedge clock) begin
  if (new_here && !full) waiting <= new_is;
  if (result_here && !full) waiting <= result_is;
  new_due_1 <= {new_here && full, new_to, new_is, waiting};
  result_due_1 <= {result_here && full || meet_here, result_to, result_is, meet_here ? new_is : waiting};
  answer_due_1 <= {take_here, full, waiting};
  {new_due, result_due, answer_due} <= {new_due_1, result_due_1, answer_due_1};
end
always @(*) if (started && clean) begin
  assert ((new_pair && new_pair_slot == slot) == new_due[24]);
  if (new_due[24]) assert ({new_pair_tag, new_pair_left, new_pair_right} == new_due[23:0]);
  assert ((result_pair && result_pair_slot == slot) == result_due[24]);
  if (result_due[24]) assert ({result_pair_tag, result_pair_left, result_pair_right} == result_due[23:0]);
  if (answer_due[3]) assert (answer && answer_full == answer_due[2] && answer_address == slot[18:1]);
  if (answer_due[3] && answer_due[2]) assert (answer_point == answer_due[1:0]);
end
