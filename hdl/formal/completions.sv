
// A ring of 2 to 16 entries; the driver's head moves over completions that it has seen.
(* anyconst *) wire [3:0] entries_less_one;
reg started = 0, owed = 0;
reg [31:0] head_before = 0, unread_before = 0;
wire [31:0] read = (head - head_before) & mask;
wire [31:0] unread = unread_before - read;
wire accepted = reply_valid$0 && reply_ready$0 || reply_valid$1 && reply_ready$1;
always @(posedge clock) begin
  started <= 1;
  head_before <= reset ? 0 : head;
  unread_before <= reset ? 0 : unread + completed;
  owed <= !reset && (accepted || owed && !completed);
end
always @(*) begin
  assume (mask == entries_less_one && mask != 0 && (mask & (mask + 1)) == 0);
  assume (head <= mask && read <= unread_before);
  if (!started) assume (reset);
end
always @(*) if (started) begin
  assert (index$q <= mask && unread <= mask);
  assert (((index$q - head) & mask) == unread);
  if (write_start) assert (unread < mask && write_address == base + 32 * {32'd0, index$q});
  if (starting$q || writing$q) assert (unread < mask);
  assert (waiting$q + starting$q + writing$q + fault$q == {1'b0, owed});
  assert (!(reply_ready$0 && reply_ready$1));
  if (accepted) assert (!owed);
  if (completed) assert (owed && tail == index$q);
end
