// What lutdla.backends.compiled_engine and compiled_plan hand over: their structures, field by field in the same order.
#include <cstdint>

struct Core {
    int64_t v, c, metric, keyed, lanes, encoders, groups_per_row, spare_bits;
    const uint8_t *tables;  // (banks * groups of c rows, lanes, chunks of 16 centroids, 16), entries + 128
    const void *centroids;  // (codebook rows, encoders, c, ...): see encode_l2, encode_l1
    const double *mult, *bias;  // (constant rows, group), over 2 ^ shift
};

struct Record {
    int64_t sums_count, low, high, residual, store, encode, encodings, codebooks, encoding_stride, to_output;
    int64_t frame;        // input frame that it waits for, -1 for none
    int64_t frame_groups, frame_codebook, frame_codebooks, frame_dest;
    int64_t result;       // first row of results that it sends
    const struct Sum *sums;
    const struct Bank *banks;
};

struct Sum {  // steps in a row that add to the same accumulators
    uint32_t banks_end, accumulator, first, last, pool_first, pool_last;
    uint32_t constant, codebook, dest, value_in, value_out, unused;
};

struct Bank {  // one that looks up, in one step
    uint32_t table, cell;
};

struct State {  // of a tile
    uint8_t *index;   // (positions, TILE)
    int8_t *values;   // (value groups * group, TILE)
    int32_t *sums;    // (accumulator rows * lanes, TILE), passes in the order of `place`
    int8_t *held;     // (lanes, TILE): maximum of the pool so far
};

constexpr int CHUNK = 16;  // entries of a table that are looked up at once
