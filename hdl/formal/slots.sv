
// One of the slots, after both have been cleared: what it has to hold.
(* anyconst *) wire [17:0] slot;
reg [1:0] age = 0;
reg full = 0;
reg [1:0] waiting, new_popped_1, new_popped_2, result_popped_1, result_popped_2;
reg new_left_1 = 0, new_left_2 = 0, result_left_1 = 0, result_left_2 = 0;
wire is_clearing = age < 2;
wire same_slot = inserted$q && returned$q && new_at$q == result_at$q;
wire new_here = inserted$q && new_at$q == slot && !same_slot;
wire result_here = returned$q && result_at$q == slot && !same_slot;
wire take_here = looked$q && new_at$q == slot;
always @(posedge clock) begin
  if (is_clearing) age <= age + 1;
  if (new_here || result_here) full <= !full;
  if (take_here) full <= 0;
  if (new_here && !full) waiting <= new_data;
  if (result_here && !full) waiting <= result_data;
  {new_left_1, new_popped_1} <= {(new_here || take_here) && full, waiting};
  {new_left_2, new_popped_2} <= {new_left_1, new_popped_1};
  {result_left_1, result_popped_1} <= {result_here && full, waiting};
  {result_left_2, result_popped_2} <= {result_left_1, result_popped_1};
end
always @(*) begin
  assume (slot < 2 && new_address < 2 && result_address < 2);
  assume (clear == is_clearing);
  // An item and a read-out never come to one unit in one cycle, nor a result to a slot that is read out.
  assume (!(insert && take) && !(take && result && new_address == result_address));
  if (is_clearing) assume (clear_address == age && !insert && !take && !result);
  if (age == 0) assume (!inserted$q && !returned$q && !looked$q);
end
always @(*) if (!is_clearing) begin
  assert (together == same_slot);
  if (same_slot) assert (!new_push && !new_pop && !result_push && !result_pop);
  if (new_here) assert (new_pop == full && new_push == !full);
  if (result_here) assert (result_pop == full && result_push == !full);
  if (take_here) assert (taken == full);
  if (new_left_2) assert (new_value == new_popped_2);
  if (result_left_2) assert (result_value == result_popped_2);
end
