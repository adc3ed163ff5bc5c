
// Items reach the queue two cycles after they were let in, if they make a pair at all; the adder takes a pair in every cycle.
(* anyseq *) wire item, pick_new, pick_result;
reg [1:0] coming = 0;
// One pair of each queue, picked when it comes: where it waits, what it is; then, that it was taken for the adder.
reg started = 0, new_waits = 0, result_waits = 0, new_due = 0, result_due = 0, due = 0;
reg [1:0] new_at, result_at;
reg [23:0] new_pair, result_pair;
wire [23:0] new_comes = {new_tag, new_left, new_right};
wire [23:0] result_comes = {result_tag, result_left, result_right};
wire new_leaves = new_waits && new_pop && new_head == new_at;
wire result_leaves = result_waits && result_pop && result_head == result_at;
wire [1:0] new_ahead = new_at - new_head, result_ahead = result_at - result_head;
always @(posedge clock) begin
  started <= 1;
  coming <= reset ? 0 : {coming[0], item};
  new_waits <= !reset && (new_waits ? !new_leaves : new_push && pick_new);
  result_waits <= !reset && (result_waits ? !result_leaves : result_push && pick_result);
  if (!new_waits && new_push) {new_at, new_pair} <= {new_tail, new_comes};
  if (!result_waits && result_push) {result_at, result_pair} <= {result_tail, result_comes};
  new_due <= !reset && new_leaves;
  result_due <= !reset && result_leaves;
  if (new_leaves) new_last <= new_pair;
  if (result_leaves) result_last <= result_pair;
  due <= !reset && (new_pop || result_pop);
end
reg [23:0] new_last, result_last;
always @(*) begin
  assume (ready);
  assume (!item || room);
  assume (!new_push || coming[1]);
  if (!started) assume (reset);
end
always @(*) if (started) begin
  assert (!lost && !overflow);
  assert (new_count + coming[0] + coming[1] <= 4 && result_count <= 1);
  assert (new_tail == new_head + new_count[1:0] && result_tail == result_head + result_count[1:0]);
  if (new_waits) assert (new_ahead < new_count && {new_tags[new_at], new_lefts[new_at], new_rights[new_at]} == new_pair);
  if (result_waits) assert (result_ahead < result_count);
  if (result_waits) assert ({result_tags[result_at], result_lefts[result_at], result_rights[result_at]} == result_pair);
  // A pair is offered once for each that leaves a queue, and is the one that left; results go first.
  assert (valid == due);
  if (new_due) assert ({tag, left, right} == new_last);
  if (result_due) assert ({tag, left, right} == result_last);
  if (result_count != 0) assert (result_pop && !new_pop);
end
