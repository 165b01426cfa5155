// Rules of the row FIFO, `DEPTH words of `WIDTH bits. One word, any, is followed from push to pop.

reg started = 0;
always @(posedge clk) started <= 1;
always @* if (!started) assume (!rst);

// the contract of the block: no push without room, no pop without a word
always @* if (started) assume (!pop || level != 0);
always @* if (started) assume (!push || level < `DEPTH || pop);

(* anyseq *) wire pick;      // follow the word pushed in this cycle
reg was_running = 0;
reg following, was_waiting;
reg [`WIDTH - 1:0] followed, was_front;
reg [7:0] ahead, count;      // words in front of the followed one; words pushed and not popped
always @(posedge clk) begin
    was_running <= rst; was_waiting <= level != 0 && !pop; was_front <= front;
    if (!rst) begin following <= 0; count <= 0; end
    else begin
        count <= count + push - pop;
        if (push && pick && !following) begin following <= 1; followed <= word; ahead <= count - pop; end
        else if (following && pop) begin following <= ahead != 0; ahead <= ahead - 1; end
    end
end

wire [7:0] place = head + ahead;

always @* if (started) begin
    level_counts: assert (level == count);
    no_overflow: assert (level <= `DEPTH);
    if (following && ahead == 0) order_and_content: assert (front == followed);
    if (following) no_word_is_dropped: assert (ahead < count);
    // what frame_output.sv takes for granted
    if (was_running && was_waiting) head_stays: assert (level != 0 && front == was_front);
    if (!was_running) reset_clears: assert (level == 0);

    // needed for the induction
    if (following) inv_followed_is_stored: assert (store_mem[place % `DEPTH] == followed);
    inv_pointers_are_apart: assert (((head + level) % `DEPTH) == tail);
end

always @* if (started) begin
    through: cover (following && ahead == 0 && pop);
    full: cover (level == `DEPTH);
    full_and_through: cover (level == `DEPTH && push && pop);
end
