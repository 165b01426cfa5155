// Rules of the s_axis sink for input frames, where a beat carries `PARTS groups of `GROUP bits.

reg started = 0;
always @(posedge clk) started <= 1;
always @* if (!started) assume (!rst);

// the contract of the block: a group is taken where there is one
always @* if (started) assume (!take || valid);

wire accepted = beats_tvalid && beats_tready;
reg was_running = 0;
reg [`WIDTH - 1:0] copy;     // the beat that groups are taken from
reg [7:0] owed, used, refused;
always @(posedge clk) begin
    was_running <= rst;
    if (!rst) begin owed <= 0; used <= 0; refused <= 0; end
    else begin
        if (accepted) begin copy <= beats_tdata; owed <= `PARTS; used <= 0; end
        else if (take) begin owed <= flush ? 0 : owed - 1; used <= used + 1; end
        refused <= beats_tvalid && !beats_tready && take ? refused + 1 : 0;
    end
end
wire [`WIDTH - 1:0] rest = copy >> (used * `GROUP);

always @* if (started) begin
    group_has_its_beat: assert (valid == (owed != 0));
    if (valid) group_content: assert (data == rest[`GROUP - 1:0]);
    // the rest of a beat is only dropped at the end of a frame
    if (accepted && owed != 0) no_group_is_dropped: assert (take && (owed == 1 || flush));
    if (owed == 0) beat_is_welcome: assert (beats_tready);
    if (take && (owed == 1 || flush)) no_gap: assert (beats_tready);
    groups_of_a_beat: assert (owed == 0 || owed + used == `PARTS);
    beat_wait_ends: assert (refused < `PARTS);
    if (!was_running) reset_clears: assert (!valid && beats_tready);

    // needed for the induction
    inv_groups_left: assert (left == owed);
    if (owed != 0) inv_held_is_the_rest: assert (held == rest);
    inv_wait_is_progress: assert (owed == 0 ? refused < `PARTS : refused + owed <= `PARTS);
end

always @* if (started) begin
    a_whole_beat: cover (accepted && take && owed == 1 && !flush);
    the_rest_is_dropped: cover (accepted && take && owed == 2 && flush);
    back_pressure: cover (beats_tvalid && !beats_tready && !take);
end
