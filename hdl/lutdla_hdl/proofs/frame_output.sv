// Rules of the m_axis source: rows become beats. `BEATS beats in a row, `WORDS words of 32 bits in a beat, each made of
// `ACC bits of the row.

reg started = 0;
always @(posedge clk) started <= 1;
always @* if (!started) assume (!rst);

reg was_running = 0;
reg was_valid, was_ready, was_last, was_rows_valid, was_pop, was_closing;
reg [`WORDS * 32 - 1:0] was_data;
reg [`ROW - 1:0] was_row;

reg [7:0] out;               // beats of the current row that were taken
reg owed;                    // a row was popped whose last beat is still to be taken
reg [`ROW - 1:0] popped_row; // that row
reg popped_closing;
reg [7:0] pop_wait, beat_wait;
wire taken = m_axis_tvalid && m_axis_tready;
wire row_out = taken && out == `BEATS - 1;

always @(posedge clk) begin
    was_running <= rst;
    was_valid <= m_axis_tvalid; was_ready <= m_axis_tready; was_last <= m_axis_tlast; was_data <= m_axis_tdata;
    was_rows_valid <= rows_valid; was_pop <= pop; was_closing <= rows_closing; was_row <= rows_data;
    if (!rst) begin
        out <= 0; owed <= 0; pop_wait <= 0; beat_wait <= 0;
    end
    else begin
        if (taken) out <= row_out ? 0 : out + 1;
        if (pop) begin popped_row <= rows_data; popped_closing <= rows_closing; end
        owed <= pop || (owed && !row_out);
        pop_wait <= rows_valid && enable && m_axis_tready && !pop ? pop_wait + 1 : 0;
        beat_wait <= rows_valid && enable && !m_axis_tvalid ? beat_wait + 1 : 0;
    end
end

// the FIFO's side of the contract, which fifo.sv proves: its head stays until it is popped
always @* if (started && was_running && rst && was_rows_valid && !was_pop)
    assume (rows_valid && rows_data == was_row && rows_closing == was_closing);

// the beat that is due: of the row popped before its last beat was taken, or of the row at the head
wire [`ROW - 1:0] row = owed ? popped_row : rows_data;
wire closing = owed ? popped_closing : rows_closing;
wire [`WORDS * `ACC - 1:0] part = row >> (out * (`WORDS * `ACC));
wire [`WORDS * 32 - 1:0] due;
genvar w;
generate for (w = 0; w < `WORDS; w = w + 1) begin: widen
    assign due[32 * w +: 32] = {{32 - `ACC {part[`ACC * w + `ACC - 1]}}, part[`ACC * w +: `ACC]};
end endgenerate

always @* if (started) begin
    if (was_running && was_valid && !was_ready) tvalid_stays: assert (m_axis_tvalid);
    if (was_running && was_valid && !was_ready) tdata_stays: assert (m_axis_tdata == was_data);
    if (was_running && was_valid && !was_ready) tlast_stays: assert (m_axis_tlast == was_last);

    // every row in order, each beat once, with the right content
    if (m_axis_tvalid && rst) beat_has_its_row: assert (owed || rows_valid);
    if (m_axis_tvalid && rst) beat_content: assert (m_axis_tdata == due);
    if (m_axis_tvalid && rst) beat_last: assert (m_axis_tlast == (closing && out == `BEATS - 1));
    if (owed) a_popped_row_is_not_dropped: assert (m_axis_tvalid && out == `BEATS - 1);
    if (pop) pop_takes_a_row: assert (rows_valid && enable);
    if (pop) pop_comes_once: assert (!owed);
    if (pop) pop_with_the_last_beat: assert (out + m_axis_tvalid == `BEATS - 1);
    beats_of_a_row: assert (out < `BEATS);
    if (!(rows_valid && enable)) nothing_is_taken: assert (!pop);

    // no deadlock: a beat in the next cycle, whatever the receiver does; a row in as many cycles as it has beats
    beat_comes: assert (beat_wait <= 1);
    row_comes: assert (pop_wait < `BEATS);

    if (!was_running) reset_clears: assert (!m_axis_tvalid);

    // needed for the induction: `number` is the next beat to load
    inv_number_of_beats: assert (number < `BEATS);
    if (owed) inv_number_after_a_row: assert (number == 0);
    if (!owed) inv_number_in_a_row: assert (number == out + m_axis_tvalid);
    inv_wait_is_progress: assert (pop_wait <= number);
    if (beat_wait != 0) inv_waited_once: assert (m_axis_tvalid);
end

always @* if (started) begin
    a_row_is_out: cover (row_out && !m_axis_tlast);
    a_frame_is_out: cover (row_out && m_axis_tlast);
    a_beat_waits: cover (was_running && was_valid && !was_ready);
    row_behind_row: cover (row_out && move);
end
