
// A ring of 2 to 16 entries; the driver's tail moves over entries that have been fetched.
(* anyconst *) wire [3:0] entries_less_one;
reg started = 0, owed = 0;
reg [31:0] tail_before = 0, posted_before = 0;
reg [511:0] last;
wire [31:0] posted = posted_before + ((tail - tail_before) & mask);
always @(posedge clock) begin
  started <= 1;
  tail_before <= reset ? 0 : tail;
  posted_before <= reset ? 0 : posted - accepted;
  owed <= !reset && (accepted || owed && !(out_valid && out_ready));
  if (accepted) last <= in_data;
end
always @(*) begin
  assume (mask == entries_less_one && mask != 0 && (mask & (mask + 1)) == 0);
  assume (tail <= mask && posted <= mask);
  if (!started) assume (reset);
end
always @(*) if (started) begin
  assert (index$q <= mask && head == index$q);
  assert (((tail - index$q) & mask) == posted);
  if (read_start) assert (posted != 0 && !owed && read_address == base + 64 * {32'd0, index$q});
  if (fetching$q || accepted) assert (posted != 0);
  assert (fetching$q + starting$q + checking$q + fault$q <= 2'd1);
  assert (owed == (starting$q || checking$q));
  if (owed) assert (command == last);
  if (out_valid) assert (owed);
  if (fatal) assert (!read_start && !accepted);
end
