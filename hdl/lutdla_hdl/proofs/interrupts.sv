// Rules of the interrupt line: bit 0 done, bit 1 error.

reg started = 0;
always @(posedge clk) started <= 1;
always @* if (!started) assume (!rst);

wire [1:0] events = {failed, done};
wire [1:0] erased = clear ? clear_data[1:0] : 2'b00;
reg was_running = 0;
reg [1:0] was_pending, was_events, was_erased;
always @(posedge clk) begin
    was_running <= rst; was_pending <= pending; was_events <= events; was_erased <= erased;
end

always @* if (started) begin
    line_is_an_enabled_cause: assert (line == |(pending & enable));
    if (was_running) event_is_pending: assert ((was_events & ~pending) == 0);
    if (was_running) cause_is_sticky: assert ((was_pending & ~was_erased & ~pending) == 0);
    if (was_running) written_one_clears: assert ((was_erased & ~was_events & pending) == 0);
    if (was_running) no_cause_is_invented: assert ((pending & ~was_pending & ~was_events) == 0);
    if (!was_running) reset_clears: assert (pending == 0 && !line);
end

always @* if (started) begin
    line_rises: cover (line);
    masked: cover (pending == 3 && !line);
    event_while_cleared: cover (was_running && (was_events & was_erased) == 3);
end
