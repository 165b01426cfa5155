// Rules of the CRC unit, for beats of `WIDTH bits: it computes one step of CRC-32 for every state and beat.
//
// Parities of many bits in different orders are hard for a solver, flips of a single bit are not. The step of CRC-32
// is linear, so two rules pin it down: it gives 0 for 0; and from any input, flipping any single bit flips in the
// output what the bit-serial CRC makes of that bit alone. Every input is a number of such flips away from 0.

(* anyseq *) wire clk;       // the unit has no clock: successive cycles are two independent inputs
reg started = 0;
reg [`WIDTH + 31:0] was;
reg [31:0] was_following;
wire [`WIDTH + 31:0] inputs = {state, data};
always @(posedge clk) begin started <= 1; was <= inputs; was_following <= following; end

// bit by bit, as the standard says: the least significant first
function [31:0] serial(input [`WIDTH + 31:0] both);
    integer i;
    begin
        serial = both[`WIDTH + 31:`WIDTH];
        for (i = 0; i < `WIDTH; i = i + 1)
            serial = (serial >> 1) ^ (serial[0] ^ both[i] ? 32'hEDB88320 : 32'h0);
    end
endfunction

wire [`WIDTH + 31:0] flips = was ^ inputs;
wire [31:0] due = serial(flips);
wire at_most_one = (flips & (flips - 1)) == 0;

// byte by byte: easier for the solver
wire single_flip = started && at_most_one;
wire [31:0] flipped = following ^ was_following;
always @* begin
    if (inputs == 0) zero_gives_zero: assert (following == 0);
    if (single_flip) a_bit_flips_its_column_0: assert (flipped[7:0] == due[7:0]);
    if (single_flip) a_bit_flips_its_column_1: assert (flipped[15:8] == due[15:8]);
    if (single_flip) a_bit_flips_its_column_2: assert (flipped[23:16] == due[23:16]);
    if (single_flip) a_bit_flips_its_column_3: assert (flipped[31:24] == due[31:24]);
end

always @* begin
    a_bit_flips: cover (single_flip && flips[0] && was != 0);
    a_state_bit_flips: cover (single_flip && flips[`WIDTH + 31]);
end
