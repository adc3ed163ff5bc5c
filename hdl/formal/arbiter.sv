
// Two who ask; `passed` says that the other one has been served since the first began to wait.
(* anyconst *) wire [3:0] first;
(* anyconst *) wire [3:0] other;
reg started = 0, passed = 0;
always @(posedge clock) begin
  started <= 1;
  if (reset || !request[first] || served && grant[first]) passed <= 0;
  else if (served && grant[other]) passed <= 1;
end
always @(*) if (!started) assume (reset);
always @(*) if (started) begin
  assert ((grant & (grant - 1'b1)) == 0);
  assert ((grant & ~request) == 0);
  assert ((grant != 0) == (request != 0));
  if (passed && request[first]) assert (!grant[other]);
  // Those behind the last one served are all that follow it.
  assert (((behind << 1) & 16'hffff & ~behind) == 0);
  if (passed) assert (first != other && (behind[first] || !behind[other]) && (first < other || behind[first] && !behind[other]));
end
