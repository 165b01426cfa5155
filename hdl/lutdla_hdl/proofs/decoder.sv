// Rules of the packet decoder. Free: the stream, the engine's signals, the receiver of frames, resets at any time.
//
// Abstraction: proofs.toml cuts the output of the CRC unit, so that it may be any number in every cycle. The rules
// check what goes into the unit (the right state, the right data) and take its answer as the CRC: they hold for every
// function of state and data, so also for CRC-32. That the unit computes CRC-32 is proved apart, see crc.sv.

reg started = 0;
always @(posedge clk) started <= 1;
always @* if (!started) assume (!rst && !aresetn);
// the core: a hard reset is a soft reset too
always @* if (!aresetn) assume (!rst);
// a piece is freed once, and only one that is there (the sequencer frees what it used)
always @* if (started) assume (!engine_free_tables || engine_piece_ready);

// -- names of the states, and what the sender did ------------------------------------------------------------------
wire in_header = state == 0, in_high = state == 1, in_check = state == 2, in_buffer = state == 3;
wire in_frames = state == 4, in_trailer = state == 5, in_write = state == 6, in_drop = state == 7;
wire in_tables = state == 8;
wire in_payload = in_buffer || in_frames || in_tables;
wire accepted = s_axis_tvalid && s_axis_tready;
wire loads_word = load_valid && !streaming;
wire streams_word = load_valid && streaming;

// -- the packet that is on its way, read again from the stream, beat by beat ---------------------------------------
reg [31:0] ghost_sum;        // its CRC so far
reg [31:0] ghost_magic, ghost_where, ghost_length;
reg [7:0] ghost_kind, ghost_memory;
reg [15:0] ghost_bank;
reg [15:0] payload;          // beats of its payload that were taken
reg right;                   // it is whole, with the right CRC, and no further beat was taken
wire trailer_right = s_axis_tdata[31:0] == ~ghost_sum;
wire ends_right = accepted && in_trailer && trailer_right;
wire ends_wrong = accepted && in_trailer && !trailer_right;
always @(posedge clk) begin
    if (!rst) begin payload <= 0; right <= 0; end
    else if (accepted) begin
        right <= ends_right;
        if (in_header) begin
            payload <= 0;
            ghost_magic <= s_axis_tdata[31:0];
            ghost_kind <= s_axis_tdata[39:32];
            ghost_memory <= s_axis_tdata[47:40];
            ghost_bank <= s_axis_tdata[63:48];
        end
        if (`WIDTH == 128 ? in_header : in_high) begin
            ghost_where <= s_axis_tdata[`WIDTH - 33 -: 32];
            ghost_length <= s_axis_tdata[`WIDTH - 1 -: 32];
        end
        if (in_payload) payload <= payload + 1;
        ghost_sum <= crc_following;
    end
end

// -- what the memories are -----------------------------------------------------------------------------------------
function [15:0] depth_of(input [7:0] memory);
    depth_of = memory == 0 ? `PROGRAM_DEPTH : memory == 1 ? `CODEBOOK_DEPTH : memory == 2 ? `TABLE_DEPTH :
               memory == 3 ? `CONSTANT_DEPTH : `WINDOW_DEPTH;
endfunction
function [7:0] banks_of(input [7:0] memory);
    banks_of = memory == 0 ? `PROGRAM_BANKS : memory == 1 ? `CODEBOOK_BANKS : memory == 2 ? `TABLE_BANKS :
               memory == 3 ? `CONSTANT_BANKS : `WINDOW_BANKS;
endfunction
function [7:0] beats_of(input [7:0] memory);
    beats_of = memory == 0 ? `PROGRAM_BEATS : memory == 1 ? `CODEBOOK_BEATS : memory == 2 ? `TABLE_BEATS :
               memory == 3 ? `CONSTANT_BEATS : `WINDOW_BEATS;
endfunction
wire [7:0] beats = beats_of(ghost_memory[6:0]);

// -- the words written from the packet: their number, place, and the content of any one of them --------------------
reg [15:0] written, words_out, words_in;
reg [7:0] at_chunk, chunk_in;    // place of the next write; place of the next beat of the payload
reg [15:0] at_address;
(* anyconst *) reg [15:0] spot;
reg [`WIDTH - 1:0] spot_data;
always @(posedge clk) begin
    if (in_check) at_address <= ghost_where;
    if (load_valid) begin
        written <= written + 1;
        at_chunk <= at_chunk + 1 == beats ? 0 : at_chunk + 1;
        if (at_chunk + 1 == beats) begin at_address <= at_address + 1; words_out <= words_out + 1; end
    end
    if (accepted && (in_buffer || in_tables)) begin
        chunk_in <= chunk_in + 1 == beats ? 0 : chunk_in + 1;
        if (chunk_in + 1 == beats) words_in <= words_in + 1;
    end
    if (accepted && in_header) begin written <= 0; words_out <= 0; at_chunk <= 0; chunk_in <= 0; words_in <= 0; end
    if (accepted && in_buffer && payload == spot) spot_data <= s_axis_tdata;
end

// -- frames of an INPUT packet -------------------------------------------------------------------------------------
reg [31:0] frame_at, frames_in;
always @(posedge clk) begin
    if (accepted && in_header) begin frame_at <= 0; frames_in <= 0; end
    else if (accepted && in_frames) begin
        frame_at <= frame_at + 1 == ghost_length ? 0 : frame_at + 1;
        if (frame_at + 1 == ghost_length) frames_in <= frames_in + 1;
    end
end

// -- the model -----------------------------------------------------------------------------------------------------
reg [31:0] ghost_loads, ghost_model;  // LOADs taken whole since BEGIN; its identifier
reg [23:0] ghost_packets;        // packets taken, from BEGIN on
reg complete;                    // a right COMMIT came, and no BEGIN or LOAD since
reg [7:0] ghost_pieces;          // table pieces whose last packet was right, less those freed
wire misses = ends_right && ghost_kind == 3 && ghost_loads != ghost_where;
wire of_a_run = ghost_kind == 4 || ghost_kind == 5 || ghost_kind == 6;
wire commits = ends_right && ghost_kind == 3 && ghost_loads == ghost_where;
always @(posedge clk) begin
    if (!aresetn) begin ghost_loads <= 0; ghost_model <= 0; ghost_packets <= 0; complete <= 0; end
    else begin
        if (ends_right && !misses) ghost_packets <= ghost_kind == 1 ? 1 : ghost_packets + 1;
        if (ends_right && ghost_kind == 1) begin ghost_loads <= 0; ghost_model <= ghost_where; complete <= 0; end
        if (ends_right && ghost_kind == 2) begin ghost_loads <= ghost_loads + 1; complete <= 0; end
        if (in_write && !rst) ghost_loads <= ghost_loads - 1;
        if (commits) complete <= 1;
    end
    if (!rst || engine_start) ghost_pieces <= 0;
    else ghost_pieces <= ghost_pieces + (ends_right && ghost_kind == 6 && ghost_memory[7]) - engine_free_tables;
end

// -- the cycle before ----------------------------------------------------------------------------------------------
reg was_running = 0, was_hard = 0;
reg was_accepted, was_tables, was_wrong, was_missing, was_clear, was_commit, was_loaded, was_early;
reg was_refused, was_right_run, was_of_a_run, was_loads_word;
reg [23:0] was_packets;
reg [7:0] was_error;
reg [7:0] quiet;             // cycles without ready, while nobody but the decoder can be the reason
reg [`WIDTH - 1:0] was_data;
reg [31:0] was_following, was_where;
reg [2:0] was_memory;
always @(posedge clk) begin
    was_running <= rst; was_hard <= aresetn;
    was_accepted <= accepted; was_data <= s_axis_tdata; was_tables <= in_tables;
    was_wrong <= ends_wrong;
    was_missing <= misses; was_packets <= ghost_packets;
    was_right_run <= ends_right && ghost_kind == 4; was_of_a_run <= ends_right && of_a_run; was_where <= ghost_where;
    was_commit <= commits; was_loaded <= status_loaded; was_error <= status_error; was_clear <= clear_error;
    was_early <= accepted && s_axis_tlast && status_error == 0 && !in_trailer && !in_drop;
    was_refused <= in_check && verdict != 0;
    was_following <= crc_following; was_loads_word <= loads_word; was_memory <= load_memory;
    quiet <= rst && !s_axis_tready && !engine_busy && frames_tready ? quiet + 1 : 0;
end

// -- a bad CRC never changes a memory ------------------------------------------------------------------------------
always @* if (started) begin
    if (accepted && !in_trailer && !in_drop) crc_unit_takes_the_beat: assert (crc_data == s_axis_tdata);
    if (accepted && !in_trailer && !in_drop)
        crc_unit_takes_the_state: assert (crc_in == (in_header ? 32'hFFFFFFFF : ghost_sum));
    if (loads_word) load_after_a_right_crc: assert (right && ghost_kind == 2 && ghost_magic == 32'h5054554C);
    if (loads_word) load_without_error: assert (status_error == 0);
    if (in_write) write_after_a_right_crc: assert (right && ghost_kind == 2);

    // what is written is what came: each beat once, in order, at its place
    if (load_valid) load_memory_is_named: assert (load_memory == ghost_memory[6:0] && (streaming || !ghost_memory[7]));
    if (load_valid) load_bank_is_named: assert (load_bank == ghost_bank);
    if (load_valid) load_address_is_due: assert (load_address == at_address);
    if (load_valid) load_chunk_is_due: assert (load_chunk == at_chunk);
    if (loads_word && written == spot) load_content: assert (load_data == spot_data);
    if (load_valid) no_word_is_invented: assert (written < payload);
    if (!in_write) load_is_complete: assert (!right || ghost_kind != 2 || written == payload);
    if (right && (ghost_kind == 2 || ghost_kind == 6))
        payload_is_whole: assert (words_in == ghost_length && chunk_in == 0);

    // no write beyond the memory
    if (load_valid) load_in_a_memory: assert (load_memory < `MEMORIES);
    if (load_valid) load_in_a_bank: assert (load_bank < banks_of(load_memory));
    if (load_valid) load_in_the_depth: assert (load_address < depth_of(load_memory));
    if (load_valid) load_in_the_word: assert (load_chunk < beats_of(load_memory));
    if (accepted && in_buffer) buffer_has_room: assert (payload < `BUFFER);

    // table rows flow before their CRC is known, but only into the tables, and a piece counts only with a right CRC
    if (streams_word) table_row_came: assert (was_accepted && was_tables && load_data == was_data);
    if (streams_word) table_row_in_tables: assert (load_memory == 2 && ghost_kind == 6);
    if (was_running && was_accepted && was_tables) table_row_is_written: assert (streams_word);
    if (streams_word) table_row_without_error: assert (was_error == 0);
    pieces_are_right: assert (engine_piece_ready == (ghost_pieces != 0) && ghost_pieces <= 2);
end

// -- the model is whole, runs start only then ----------------------------------------------------------------------
always @* if (started) begin
    if (was_hard && status_loaded && !was_loaded) loaded_after_a_right_commit: assert (was_commit);
    loaded_is_complete: assert (status_loaded == complete);
    if (status_loaded) model_is_begun: assert (status_model == ghost_model);
    if (!status_loaded) no_model_without: assert (status_model == 0);
    if (engine_start) start_with_a_model: assert (status_loaded);
    if (engine_start) start_after_a_right_run: assert (was_right_run && engine_images == was_where);
    if (engine_start) start_has_images: assert (engine_images != 0);
    if (was_running && was_right_run) run_starts: assert (engine_start);
    if (engine_start) start_without_error: assert (status_error == 0);
end

// -- the CRCs that the host compares: of what was written to each memory, and of the trailers of a run's packets ------
wire [159:0] sums = {sum4, sum3, sum2, sum1, sum0};
always @* if (started) begin
    if (loads_word) sum_takes_the_word: assert (crc_data == load_data && crc_in == sums[load_memory * 32 +: 32]);
    if (was_hard && was_loads_word) sum_follows: assert (sums[was_memory * 32 +: 32] == was_following);
    if (ends_right && of_a_run)
        run_crc_takes_the_trailer: assert (crc_data == s_axis_tdata
                                           && crc_in == (ghost_kind == 4 ? 32'hFFFFFFFF : status_run_crc));
    if (was_hard && was_of_a_run) run_crc_follows: assert (status_run_crc == was_following);
end

// -- frames --------------------------------------------------------------------------------------------------------
always @* if (started) begin
    frame_beat_is_passed: assert (frames_tvalid == (s_axis_tvalid && in_frames));
    if (frames_tvalid) frame_content: assert (frames_tdata == s_axis_tdata && ghost_kind == 5);
    if (in_frames) frame_back_pressure: assert (s_axis_tready == frames_tready);
    if (frames_tvalid) frame_without_error: assert (status_error == 0);
    if (frames_tvalid) frame_of_the_packet: assert (frames_in < ghost_where);
    if (right && ghost_kind == 5) frames_are_whole: assert (frames_in == ghost_where && frame_at == 0);
end

// -- errors --------------------------------------------------------------------------------------------------------
always @* if (started) begin
    if (was_hard && was_wrong) bad_crc_is_an_error: assert (status_error == 6);
    if (was_hard && was_early) early_tlast_is_an_error: assert (status_error == 7);
    if (was_hard && was_missing) missing_load_is_an_error: assert (status_error == 8);
    if (was_hard && was_refused && !was_early) bad_header_is_an_error: assert (status_error != 0 && failed);
    if (was_hard && was_error != 0 && !was_clear) error_stays: assert (status_error == was_error);
    if (failed) failure_has_its_error: assert (status_error != 0);
    if (was_hard && status_error != 0 && was_error == 0) error_is_told: assert (failed);
    if (failed) error_has_its_packet: assert (status_error_packet == was_packets);
    if (status_error != 0) error_blocks: assert (in_header || in_drop);
    if (status_error != 0) error_writes_nothing: assert (!loads_word && !engine_start && !frames_tvalid && !emit);
end

// -- no deadlock, resets -------------------------------------------------------------------------------------------
always @* if (started) begin
    ready_comes_back: assert (quiet <= payload + 3);
    if (in_header || in_drop) idle_is_ready: assert (s_axis_tready);
    if (!was_running) reset_clears: assert (in_header && s_axis_tready && !load_valid && !engine_start
                                            && !engine_piece_ready);
    if (!was_hard) hard_reset_forgets: assert (!status_loaded && status_error == 0 && status_model == 0);
    state_is_known: assert (state <= 8 && (`WIDTH == 64 || !in_high));
end

// -- what the registers mean: needed for the induction --------------------------------------------------------------
wire checked = in_payload || in_trailer || in_write || load_valid;   // the header was found good
wire [15:0] depth = depth_of(ghost_memory[6:0]);
always @* if (started) begin
    if (!in_header && !in_drop) inv_no_error_in_a_packet: assert (status_error == 0);
    if (!in_header && !in_drop && !in_write) inv_crc_is_kept: assert (crc == ghost_sum);
    if (in_high || in_check || checked)
        inv_low_fields_are_kept: assert (magic == ghost_magic && kind == ghost_kind && memory == ghost_memory
                                     && bank == ghost_bank);
    if (in_check || checked) inv_high_fields_are_kept: assert (where == ghost_where && length == ghost_length);
    if (right) inv_nothing_came_behind: assert (in_header || in_write || (in_drop && kind == 3));

    // what a good header says
    if (checked) inv_header_is_good: assert (magic == 32'h5054554C && kind >= 1 && kind <= 6);
    if (checked && kind == 2) inv_load_is_good: assert (memory < `MEMORIES && length <= `BUFFER
                                                    && length[15:0] * {8'b0, beats} <= `BUFFER);
    if (checked && kind == 6) inv_tables_are_good: assert (memory[6:0] == 2);
    if (checked && (kind == 2 || kind == 6))
        inv_words_are_in_range: assert (bank < banks_of(ghost_memory[6:0]) && where <= depth && length <= depth - where
                                    && length != 0);
    if (in_frames || (in_trailer && kind == 5)) inv_frames_are_good: assert (where != 0);
    if (in_trailer && kind == 4) inv_run_is_good: assert (where != 0 && status_loaded);
    if (in_buffer || in_write) inv_only_loads_are_buffered: assert (kind == 2);
    if (in_frames) inv_only_input_is_frames: assert (kind == 5);
    if (in_tables || (load_valid && streaming)) inv_only_tables_are_streamed: assert (kind == 6);

    // what came of the payload
    if (in_high || in_check) inv_nothing_came: assert (payload == 0 && words_in == 0 && chunk_in == 0 && written == 0
                                                   && words_out == 0 && at_chunk == 0 && frame_at == 0
                                                   && frames_in == 0);
    if (checked && (kind == 2 || kind == 6))
        inv_beats_are_counted: assert (payload == words_in * {8'b0, beats} + chunk_in && chunk_in < beats
                                   && words_in <= length);
    if (in_buffer || in_tables)
        inv_words_are_counted: assert (left == length - words_in && left != 0 && chunk == chunk_in);
    if (in_trailer && (kind == 2 || kind == 6)) inv_all_words_came: assert (words_in == length && chunk_in == 0);
    if (in_write) inv_all_words_are_there: assert (words_in == length && chunk_in == 0 && right);
    if (in_buffer || (in_trailer && kind == 2) || in_write) inv_writes_are_counted: assert (write_at == payload);
    if (in_frames) inv_frames_are_counted: assert (frames_left == where - frames_in && left == length - frame_at
                                               && frames_in < where);
    if (in_trailer && kind == 5) inv_all_frames_came: assert (frames_in == where && frame_at == 0);

    // what is being written
    if (emit) inv_emit_in_write: assert (in_write);
    if (loads_word) inv_load_in_write: assert (in_write);
    if (streams_word) inv_stream_in_place: assert (in_tables || in_trailer || (in_header && status_error != 0));
    if (in_high || in_check || in_drop) inv_no_write_between: assert (!load_valid);
    if (in_buffer || (in_trailer && kind == 2))
        inv_no_write_before: assert (!load_valid && written == 0 && read_at == 0);
    if (in_write) inv_stages_are_counted: assert (written + load_valid + emit == read_at && read_at <= write_at);
    if ((in_tables || in_trailer) && kind == 6) inv_rows_are_counted: assert (written + load_valid == payload);
    if (streams_word && in_header) inv_last_row_is_counted: assert (written + 1 == payload);
    if (checked && (kind == 2 || kind == 6))
        inv_places_are_counted: assert (written == words_out * {8'b0, beats} + at_chunk && at_chunk < beats
                                    && words_out <= words_in && at_address == where[15:0] + words_out);
    if (checked && (kind == 2 || kind == 6) && !load_valid)
        inv_next_place: assert (out_chunk == at_chunk && out_address == at_address);
    if (load_valid) inv_place_behind: assert (
        at_chunk + 1 == beats ? out_chunk == 0 && out_address == at_address + 16'd1
                              : out_chunk == at_chunk + 1 && out_address == at_address);
    if (checked && kind == 2 && spot < payload) inv_spot_is_stored: assert (buffer_mem[spot % `BUFFER] == spot_data);
    if (emit && spot + 1 == read_at) inv_spot_is_read: assert (buffered == spot_data);

    // the model
    inv_loads_are_counted: assert (loads == ghost_loads);
    inv_packets_are_counted: assert (packets == ghost_packets);
    inv_model_is_pending: assert (pending_model == ghost_model);
    inv_pieces_are_counted: assert (pieces == ghost_pieces);
    if ((in_tables || in_trailer) && kind == 6) inv_a_piece_has_room: assert (pieces <= 1 || engine_start);

    // waiting
    inv_quiet_is_ready: assert (quiet == 0 || in_header || in_check || in_write || payload == 0);
    if (in_check) inv_check_is_short: assert (quiet == 0);
    if (in_write) inv_write_is_short: assert (
        quiet <= read_at + (read_at != write_at || emit ? 0 : load_valid ? 1 : 2));
end

always @* if (started) begin
    a_word_is_loaded: cover (loads_word);
    a_run_starts: cover (engine_start);
    a_frame_flows: cover (frames_tvalid && frames_tready);
    a_table_row_flows: cover (streams_word);
    a_bad_crc_comes: cover (was_wrong);
end
