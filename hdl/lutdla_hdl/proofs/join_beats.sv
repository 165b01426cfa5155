// Rules of the s_axis sink for input frames, where a group of `GROUP bits spans `PARTS beats.

reg started = 0;
always @(posedge clk) started <= 1;
always @* if (!started) assume (!rst);

// the contract of the block: a group is taken where there is one
always @* if (started) assume (!take || valid);

wire accepted = beats_tvalid && beats_tready;
reg was_running = 0;
reg [`WIDTH * `PARTS - 1:0] copy;    // the beats of the group, each in its place
reg [7:0] got;                       // how many of them there are
reg was_waiting;
reg [`GROUP - 1:0] was_data;
integer i;
always @(posedge clk) begin
    was_running <= rst; was_waiting <= valid && !take; was_data <= data;
    if (!rst) got <= 0;
    else begin
        got <= (take ? 0 : got) + accepted;
        for (i = 0; i < `PARTS; i = i + 1)
            if (accepted && i == (take ? 0 : got)) copy[`WIDTH * i +: `WIDTH] <= beats_tdata;
    end
end
wire [`WIDTH * `PARTS - 1:0] so_far = held >> (`WIDTH * (`PARTS - got));
wire [`WIDTH * `PARTS - 1:0] mask = ~({`WIDTH * `PARTS {1'b1}} << (`WIDTH * got));

always @* if (started) begin
    group_has_its_beats: assert (valid == (got == `PARTS));
    if (valid) group_content: assert (data == copy[`GROUP - 1:0]);
    if (was_running && was_waiting) group_stays: assert (valid && data == was_data);
    if (accepted) no_beat_is_dropped: assert (got < `PARTS || take);
    if (got < `PARTS) beat_is_welcome: assert (beats_tready);
    if (take) no_gap: assert (beats_tready);
    beats_of_a_group: assert (got <= `PARTS);
    if (!was_running) reset_clears: assert (!valid && beats_tready);

    // needed for the induction
    inv_beats_there: assert (have == got);
    inv_held_is_what_came: assert (so_far == (copy & mask));
end

always @* if (started) begin
    a_group_is_taken: cover (take);
    group_behind_group: cover (take && accepted);
    back_pressure: cover (beats_tvalid && !beats_tready);
end
