
// A pair takes three cycles, a word in each. Items are let in every third cycle and reach the queue two cycles later, if they
// make a pair at all; the adder is ready every third cycle, and a result's pair comes when it is.
(* anyseq *) wire item, pick;
(* anyconst *) wire [1:0] start;
reg [1:0] beat = 0;
reg [1:0] coming = 0;
// One pair of the queue, picked when it comes; the number of its word that comes or leaves, or passes the queue by.
reg started = 0, waits = 0;
reg [1:0] at, filled_words = 0, left_words = 0, passed_words = 0;
reg [19:0] its_tag;
reg [3:0] words [0:2];
wire comes = !waits && left_words == 0 && new_push && pick;
wire leaves = waits && new_pop && new_head == at;
wire [1:0] arrives = comes ? 0 : filled_words;
wire [1:0] goes = leaves ? 0 : left_words;
always @(posedge clock) begin
  started <= 1;
  beat <= reset || beat == 2 ? 0 : beat + 1;
  coming <= reset ? 0 : {coming[0], item};
  waits <= !reset && (waits ? !leaves : comes);
  if (comes) {at, its_tag} <= {new_tail, new_tag};
  if (comes || filled_words != 0) words[arrives] <= {new_left, new_right};
  filled_words <= reset ? 0 : comes ? 1 : filled_words == 0 || filled_words == 2 ? 0 : filled_words + 1;
  left_words <= reset ? 0 : leaves ? 1 : left_words == 0 || left_words == 2 ? 0 : left_words + 1;
  passed_words <= reset ? 0 : result_push ? 1 : passed_words == 0 || passed_words == 2 ? 0 : passed_words + 1;
end
always @(*) begin
  assume (start < 3);
  assume (ready == (beat == start));
  assume (!result_push || ready);
  assume (!item || room && beat == 0);
  assume (!new_push || coming[1]);
  if (!started) assume (reset);
end
// The word after the next one of the head is being read, and the head is left behind.
wire moves_on = next_out != 0;
wire [1:0] ahead = at - new_head - moves_on;
wire [1:0] behind_ready = beat >= start ? beat - start : beat + 3 - start;
wire [3:0] its_first = {new_lefts[{at, 4'd0}], new_rights[{at, 4'd0}]};
wire [3:0] its_second = {new_lefts[{at, 4'd1}], new_rights[{at, 4'd1}]};
wire [3:0] its_third = {new_lefts[{at, 4'd2}], new_rights[{at, 4'd2}]};
always @(*) if (started) begin
  assert (!lost && !overflow && new_count + coming[0] + coming[1] <= 4);
  // What the adder takes is the pair of a result, or else the one that waited longest; its words follow.
  if (ready && valid) assert (result_push || new_pop);
  if (leaves) assert (valid && tag == its_tag);
  if (leaves || left_words != 0) assert ({left, right} == words[goes]);
  if (result_push) assert (valid && tag == result_tag && !new_pop);
  if (result_push || passed_words != 0) assert ({left, right} == {result_left, result_right});
  // As many pairs are before it as came before it and have not left.
  if (waits) assert (ahead < new_count);
  // What the registers hold.
  assert (beat < 3 && (!coming[0] || beat == 1) && (!coming[1] || beat == 2));
  assert (new_tail == new_head + new_count[1:0] + moves_on);
  assert (next_out == 0 || next_out == 2 && behind_ready == 1 && passed_words == 0);
  assert (passed_words == 0 || passed_words == behind_ready);
  assert (result_words == (passed_words == 0 ? 0 : 3 - passed_words));
  assert (left_words == 0 || left_words == behind_ready && passed_words == 0 && !waits);
  assert ((left_words == 1) <= moves_on);
  assert (word_in == 0 || word_in == beat + 1 && beat < 2 && filling == new_tail - 2'd1);
  assert (filled_words == 0 || filled_words == word_in && (left_words == 0 ? waits && at == filling : left_words == 2));
  assert (!shown || new_count != 0 && next_out == 0);
  if (waits) begin
    assert (new_tags[at] == its_tag && its_first == words[0]);
    if (filled_words != 1) assert (its_second == words[1]);
    if (filled_words == 0) assert (its_third == words[2]);
    if (shown && new_head == at) assert (next_tag == its_tag && {next_left, next_right} == words[0] && filled_words != 1);
  end
  if (left_words == 1) assert (new_head == at && {next_left, next_right} == words[1]);
  if (left_words == 1 && filled_words == 0) assert (its_third == words[2]);
  if (left_words == 2) assert ({next_left, next_right} == words[2]);
end
