// Rules of the AXI4-Lite slave. Everything at its ports is free: any master, any register values, a reset at any time.

reg started = 0;   // the cycle before was a cycle: power-up is over
always @(posedge clk) started <= 1;
always @* if (!started) assume (!rst);

wire address_taken = s_axi_awvalid && s_axi_awready;
wire word_taken    = s_axi_wvalid && s_axi_wready;
wire write_ended   = s_axi_bvalid && s_axi_bready;
wire read_taken    = s_axi_arvalid && s_axi_arready;
wire read_ended    = s_axi_rvalid && s_axi_rready;

// what was accepted and not yet answered; wider than needed, so that a second one is seen
reg [2:0] addresses, words, reads;
reg [11:0] address, read_address;
reg [31:0] data;
reg lane;                    // byte lane 0 of the word was enabled
reg acted;                   // the write strobe came
reg [3:0] write_age, read_age, address_wait, word_wait, read_wait;
reg was_running = 0;
reg was_bvalid, was_bready, was_rvalid, was_rready, was_reading;
reg [31:0] was_rdata, was_read_data;
always @(posedge clk) begin
    was_running <= rst;
    was_bvalid <= s_axi_bvalid; was_bready <= s_axi_bready;
    was_rvalid <= s_axi_rvalid; was_rready <= s_axi_rready; was_rdata <= s_axi_rdata;
    was_reading <= reads == 1; was_read_data <= read_data;
    if (!rst) begin
        addresses <= 0; words <= 0; reads <= 0; acted <= 0;
        write_age <= 0; read_age <= 0; address_wait <= 0; word_wait <= 0; read_wait <= 0;
    end
    else begin
        addresses <= addresses + address_taken - write_ended;
        words <= words + word_taken - write_ended;
        reads <= reads + read_taken - read_ended;
        if (address_taken) address <= s_axi_awaddr;
        if (word_taken) begin data <= s_axi_wdata; lane <= s_axi_wstrb[0]; end
        if (read_taken) read_address <= s_axi_araddr;
        acted <= !write_ended && (acted || write);
        // cycles in which a whole request waits for its answer, whatever the master does
        write_age <= addresses == 1 && words == 1 && !s_axi_bvalid ? write_age + 1 : 0;
        read_age <= reads == 1 && !s_axi_rvalid ? read_age + 1 : 0;
        // cycles in which a master that does its part waits for ready
        address_wait <= s_axi_awvalid && !s_axi_awready && (s_axi_wvalid || words == 1) && s_axi_bready
            ? address_wait + 1 : 0;
        word_wait <= s_axi_wvalid && !s_axi_wready && (s_axi_awvalid || addresses == 1) && s_axi_bready
            ? word_wait + 1 : 0;
        read_wait <= s_axi_arvalid && !s_axi_arready && s_axi_rready ? read_wait + 1 : 0;
    end
end

always @* if (started) begin
    // stability
    if (was_running && was_bvalid && !was_bready) bvalid_stays: assert (s_axi_bvalid);
    if (was_running && was_rvalid && !was_rready) rvalid_stays: assert (s_axi_rvalid);
    if (was_running && was_rvalid && !was_rready) rdata_stays: assert (s_axi_rdata == was_rdata);
    if (s_axi_bvalid) bresp_okay: assert (s_axi_bresp == 0);
    if (s_axi_rvalid) rresp_okay: assert (s_axi_rresp == 0);

    // one answer for each request: none without it, no second one
    if (s_axi_bvalid) write_answer_has_its_request: assert (addresses == 1 && words == 1);
    if (s_axi_rvalid) read_answer_has_its_request: assert (reads == 1);
    one_write_address: assert (addresses <= 1);
    one_write_word: assert (words <= 1);
    one_read: assert (reads <= 1);

    // answers in time, even where the master is not ready for them
    write_answer_comes: assert (write_age <= 1);
    read_answer_comes: assert (read_age <= 1);

    // a register write, once, with its address and data
    if (write) write_has_its_request: assert (addresses == 1 && words == 1 && !s_axi_bvalid);
    if (write) write_is_enabled: assert (lane);
    if (write) write_comes_once: assert (!acted);
    if (s_axi_bvalid) write_came: assert (acted == lane);
    if (write) write_address: assert (write_slot == address[11:2]);
    if (write) write_word: assert (write_data == data);

    // a read asks for its address, and answers what was there
    if (reads == 1) read_asks: assert (read_slot == read_address[11:2]);
    if (was_running && was_reading && !was_rvalid && s_axi_rvalid) read_answer: assert (s_axi_rdata == was_read_data);

    // no deadlock
    if (addresses == 0) address_is_welcome: assert (s_axi_awready);
    if (words == 0) word_is_welcome: assert (s_axi_wready);
    if (reads == 0) read_is_welcome: assert (s_axi_arready);
    address_wait_ends: assert (address_wait <= 3);
    word_wait_ends: assert (word_wait <= 3);
    read_wait_ends: assert (read_wait <= 2);

    if (!was_running) reset_clears: assert (!s_axi_bvalid && !s_axi_rvalid && !write && s_axi_awready && s_axi_wready
                                            && s_axi_arready);

    // what the registers mean: needed for the induction
    inv_addresses_are_held: assert (addresses == (have_address || written));
    inv_words_are_held: assert (words == (have_data || written));
    inv_reads_are_held: assert (reads == (wanted || answering));
    inv_an_answer_ends_its_request: assert (!(written && (have_address || have_data)));
    inv_a_read_is_in_one_place: assert (!(wanted && answering));
    if (have_data) inv_lane_is_held: assert (strobe == lane);
    if (!written) inv_acted_in_time: assert (!acted);
    if (have_address) inv_address_is_held: assert (write_slot == address[11:2]);
    if (have_data) inv_word_is_held: assert (write_data == data);
    if (was_running && was_reading && !was_rvalid) inv_wanted_is_answered: assert (!wanted);
    // how far a request got by the time the next one waits
    inv_address_wait_is_progress: assert (address_wait <= (have_address ? have_data : written ? 2 : 3));
    inv_word_wait_is_progress: assert (word_wait <= (have_data ? have_address : written ? 2 : 3));
    inv_read_wait_is_progress: assert (read_wait <= (wanted ? 0 : answering ? 1 : 2));
end

always @* if (started) begin
    a_write_ends: cover (write_ended && acted);
    a_write_without_its_lane_ends: cover (write_ended && !acted);
    a_read_ends: cover (read_ended);
    both_at_once: cover (write_ended && read_ended);
    word_before_address: cover (words == 1 && addresses == 0);
    an_answer_waits: cover (was_running && was_bvalid && !was_bready);
end
