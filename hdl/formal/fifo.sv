
// A place of the ring, told apart from the same slot a turn later, and the word that came in there.
(* anyconst *) wire [2:0] place;
reg started = 0, waits = 0, stalled = 0;
reg [3:0] word, offered;
wire [2:0] ahead = place - front;
always @(posedge clock) begin
  started <= 1;
  if (push && back == place) begin
    waits <= 1;
    word <= in_data;
  end
  if (out_valid && out_ready && front == place) waits <= 0;
  if (reset) waits <= 0;
  stalled <= !reset && out_valid && !out_ready;
  offered <= out_data;
end
always @(*) if (!started) assume (reset);
always @(*) if (started) begin
  assert (held <= 4);
  assert (waits == (ahead < held));
  if (waits) assert (words[place[1:0]] == word);
  if (out_valid) assert (held != 0 && out_data == words[front[1:0]]);
  if (out_valid && front == place) assert (waits && out_data == word);
  if (stalled) assert (out_valid && out_data == offered);
end
