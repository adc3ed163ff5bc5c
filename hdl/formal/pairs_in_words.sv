
// A pair takes three cycles, a word in each. Items are let in every third cycle and reach the queue two cycles later, if they
// make a pair at all; the adder is ready every third cycle, and a result's pair comes when it is.
(* anyseq *) wire item, pick;
(* anyconst *) wire [1:0] start;
reg [1:0] beat = 0;
reg [1:0] coming = 0;
// One pair of the queue, picked when it comes; the word of it that comes or leaves; and a pair that passes the queue by.
reg started = 0, waits = 0, leaving = 0, passing = 0;
reg [1:0] at, filled_words = 0, left_words = 0, passed_words = 0;
reg [19:0] its_tag;
reg [3:0] words [0:2];
wire comes = !waits && !leaving && new_push && pick;
wire leaves = waits && new_pop && new_head == at;
wire [1:0] arrives = comes ? 0 : filled_words;
wire [1:0] goes = leaves ? 0 : left_words;
always @(posedge clock) begin
  started <= 1;
  beat <= reset || beat == 2 ? 0 : beat + 1;
  coming <= reset ? 0 : {coming[0], item};
  waits <= !reset && (waits ? !leaves : comes);
  leaving <= !reset && (leaves || leaving && left_words != 2);
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
always @(*) if (started) begin
  assert (!lost && !overflow && new_count + coming[0] + coming[1] <= 4);
  // What the adder takes is the pair of a result, or else the one that waited longest; its words follow.
  if (ready && valid) assert (result_push || new_pop);
  if (leaves) assert (valid && tag == its_tag);
  if (leaves || leaving) assert ({left, right} == words[goes]);
  if (result_push) assert (valid && tag == result_tag && !new_pop);
  if (result_push || passed_words != 0) assert ({left, right} == {result_left, result_right});
  // It is the oldest: as many are before it as came before it.
  if (waits) assert (2'(at - new_head - (word_in_flight ? 1 : 0)) < new_count);
end
wire word_in_flight = next_out != 0;
