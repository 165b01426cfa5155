// Executes records of a program on TILE passes side by side: what lutdla.reference defines, bit for bit.
//
// The passes of a tile are the elements of vectors, so that one step of a loop nest is the same instruction for all of
// them, and zero padding, windows and pools need no masks: they are alike in every pass. A table is read inside a
// register: the 16 entries of a centroid block are a vector, and a byte shuffle by the indices looks up WIDTH of them.
//
// Included by avx512.cpp, avx2.cpp and baseline.cpp, which setup.py compiles for different processors. lutdla.backends.compiled_engine
// describes the structures, field by field in the same order.
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

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

namespace {

constexpr int TILE = 64, CHUNK = 16, MOST_V = 16;
constexpr int LINE = 64;  // bytes of a line of a cache
#if defined(__AVX512BW__)
constexpr int WIDTH = 64, BLOCK = 8;  // bytes of a vector; output channels summed together
#elif defined(__AVX2__)
constexpr int WIDTH = 32, BLOCK = 4;
#else
constexpr int WIDTH = 16, BLOCK = 4;
#endif
constexpr int HALF = WIDTH / 2, QUARTER = WIDTH / 4;
constexpr int MOST_TERMS = 256;  // entries of 8 bits that 16 bits add up
typedef uint8_t Bytes __attribute__((vector_size(WIDTH), aligned(1)));
typedef uint16_t Words __attribute__((vector_size(WIDTH)));
typedef int16_t Shorts __attribute__((vector_size(WIDTH)));
typedef float Floats __attribute__((vector_size(WIDTH)));
typedef int32_t Ints __attribute__((vector_size(WIDTH)));
typedef uint8_t Sixteen __attribute__((vector_size(16)));

// Bytes of two vectors in turn: of their first and of their last halves.
#if defined(__clang__)
inline Sixteen first_of(Sixteen a, Sixteen b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline Sixteen last_of(Sixteen a, Sixteen b) {
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
#else
inline Sixteen first_of(Sixteen a, Sixteen b) {
    return __builtin_shuffle(a, b, Sixteen{0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23});
}
inline Sixteen last_of(Sixteen a, Sixteen b) {
    return __builtin_shuffle(a, b, Sixteen{8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31});
}
#endif

// Entry of a table of 16 for each index; 0 where bit 7 of the index is set.
inline Bytes look_up(const uint8_t *table, Bytes index) {
#if defined(__AVX512BW__)
    __m512i entries = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
    return (Bytes)_mm512_shuffle_epi8(entries, (__m512i)index);
#elif defined(__AVX2__)
    __m256i entries = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
    return (Bytes)_mm256_shuffle_epi8(entries, (__m256i)index);
#elif defined(__SSSE3__)
    return (Bytes)_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)table), (__m128i)index);
#elif defined(__aarch64__)
    return (Bytes)vqtbl1q_u8(vld1q_u8(table), (uint8x16_t)index);
#else
    uint8_t chosen[WIDTH], entries[WIDTH];
    memcpy(chosen, &index, WIDTH);
    for (int p = 0; p < WIDTH; p++) entries[p] = chosen[p] & 128 ? 0 : table[chosen[p] & 15];
    memcpy(&index, entries, WIDTH);
    return index;
#endif
}

// Bytes are added as 16-bit words of two: all of them to `pairs`, the upper ones alone to `upper`. The lower ones are
// the difference. WIDTH passes so become HALF even ones and HALF odd ones: this is the order of sums.
inline int place(int pass) { return pass / WIDTH * WIDTH + pass % 2 * HALF + pass % WIDTH / 2; }

// Adds the entries of `count` banks for COUNT lanes from `lane` on and WIDTH passes from `at` on.
template <int COUNT, bool CHUNKED>
inline void sum_lanes(const Core &core, const Bank *banks, long count, const uint8_t *index, long lane, int at,
                      int32_t *sums, bool first) {
    const long chunks = CHUNKED ? (core.c + CHUNK - 1) / CHUNK : 1;
    for (long begin = 0; begin < count || begin == 0; begin += MOST_TERMS) {
        const long end = count < begin + MOST_TERMS ? count : begin + MOST_TERMS;
        Words pairs[COUNT], upper[COUNT];
        for (int n = 0; n < COUNT; n++) pairs[n] = upper[n] = Words{};
        for (long k = begin; k < end; k++) {
            const uint8_t *table = core.tables + (banks[k].table * core.lanes + lane) * chunks * CHUNK;
            Bytes chosen;
            memcpy(&chosen, index + (long)banks[k].cell * TILE + at, WIDTH);
            for (int n = 0; n < COUNT; n++) {
                Bytes entries;
                if (!CHUNKED) {
                    entries = look_up(table + n * CHUNK, chosen);
                } else {
                    entries = Bytes{};
                    for (long i = 0; i < chunks; i++) {  // of another chunk: bit 7 is set, and the entry 0
                        Bytes inside = chosen - (uint8_t)(i * CHUNK);
                        inside |= (Bytes)(inside > (uint8_t)15);
                        entries |= look_up(table + (n * chunks + i) * CHUNK, inside);
                    }
                }
                pairs[n] += (Words)entries;
                upper[n] += (Words)entries >> 8;
            }
        }
        const int32_t start = -128 * (int32_t)(end - begin);
        for (int n = 0; n < COUNT; n++) {
            uint16_t even[HALF], odd[HALF];
            Words lower = pairs[n] - (upper[n] << 8);
            memcpy(even, &lower, WIDTH);
            memcpy(odd, &upper[n], WIDTH);
            int32_t *row = sums + (lane + n) * TILE + at;
            if (first && begin == 0) {
                for (int p = 0; p < HALF; p++) row[p] = start + even[p];
                for (int p = 0; p < HALF; p++) row[HALF + p] = start + odd[p];
            } else {
                for (int p = 0; p < HALF; p++) row[p] += start + even[p];
                for (int p = 0; p < HALF; p++) row[HALF + p] += start + odd[p];
            }
        }
    }
}

template <bool CHUNKED>
void sum_banks(const Core &core, const Bank *banks, long count, const uint8_t *index, int32_t *sums, bool first) {
    for (int at = 0; at < TILE; at += WIDTH) {
        long lane = 0;
        for (; lane + BLOCK <= core.lanes; lane += BLOCK)
            sum_lanes<BLOCK, CHUNKED>(core, banks, count, index, lane, at, sums, first);
        for (; lane < core.lanes; lane++)
            sum_lanes<1, CHUNKED>(core, banks, count, index, lane, at, sums, first);
    }
}

// An accumulator wraps at its width: additions before it may do so at 32 bits.
void wrap(const Core &core, int32_t *sums) {
    if (!core.spare_bits) return;
    for (long i = 0; i < core.lanes * TILE; i++)
        sums[i] = (int32_t)((uint32_t)sums[i] << core.spare_bits) >> core.spare_bits;
}

// clamp(((sum * mult + bias) >> shift) + added) of one lane. Doubles hold every step exactly.
void requantize(const int32_t *__restrict sums, double mult, double bias, const int8_t *added, int low, int high,
                int8_t *__restrict result) {
    int16_t value[TILE];
    for (int p = 0; p < TILE; p++) {
        double exact = __builtin_floor(sums[p] * mult + bias);
        exact = exact < -1024.0 ? -1024.0 : exact;  // clamped below, whatever is added
        exact = exact > 1024.0 ? 1024.0 : exact;
        value[p] = (int16_t)(int32_t)exact;
    }
    for (int at = 0; at < TILE; at += WIDTH) {
        uint16_t pairs[HALF] = {};
        if (added) memcpy(pairs, added + at, WIDTH);
        for (int p = 0; p < HALF; p++) {  // even and odd passes next to each other again: see `place`
            int16_t even = value[at + p] + (int8_t)pairs[p], odd = value[at + HALF + p] + (int8_t)(pairs[p] >> 8);
            even = even < low ? low : even > high ? high : even;
            odd = odd < low ? low : odd > high ? high : odd;
            pairs[p] = (uint16_t)((uint8_t)even | (uint16_t)odd << 8);
        }
        memcpy(result + at, pairs, WIDTH);
    }
}

inline Shorts magnitude(Shorts x) {
#if defined(__AVX512BW__)
    return (Shorts)_mm512_abs_epi16((__m512i)x);
#elif defined(__AVX2__)
    return (Shorts)_mm256_abs_epi16((__m256i)x);
#else
    return x < 0 ? -x : x;
#endif
}

// Index of the nearest of c centroids for each pass; x (V, TILE). V is 0 where it is not known before.
//
// Where numbers are large enough (`keyed`), distances are c times as large, and the centroid's number is added: then the
// least of these keys tells the nearest centroid, the lowest index among equals, and costs one instruction to find.
// Centroids (c, V) of l1 and chebyshev are 16-bit integers, c times as large where keyed.
template <int V, bool KEYED, bool CHEBYSHEV>
void encode_l1(const int8_t *x, const int16_t *centroids, long v, long c, uint8_t *index) {
    const int count = V ? V : (int)v;
    const int16_t factor = KEYED ? (int16_t)c : 1;
    int16_t wide[MOST_V][TILE], nearest[TILE];
    for (int i = 0; i < count; i++)
        for (int p = 0; p < TILE; p++) wide[i][p] = x[i * TILE + p] * factor;
    for (int at = 0; at < TILE; at += HALF) {
        Shorts slice[V ? V : MOST_V], low = Shorts{} + (int16_t)32767, best = {};
        for (int i = 0; i < count; i++) memcpy(&slice[i], &wide[i][at], WIDTH);
        for (long j = 0; j < c; j++) {
            Shorts distance = Shorts{} + (int16_t)(KEYED && !CHEBYSHEV ? j : 0);
            for (int i = 0; i < count; i++) {
                Shorts part = magnitude(slice[i] - centroids[j * count + i]);
                distance = !CHEBYSHEV ? distance + part : part > distance ? part : distance;
            }
            if (KEYED) {
                if (CHEBYSHEV) distance += (int16_t)j;
            } else {
                best = distance < low ? Shorts{} + (int16_t)j : best;  // the lowest index wins ties
            }
            low = distance < low ? distance : low;
        }
        if (KEYED) best = low & (int16_t)(c - 1);
        memcpy(&nearest[at], &best, WIDTH);
    }
    for (int p = 0; p < TILE; p++) index[p] = (uint8_t)nearest[p];
}

// The same for l2: |c|^2 - 2 x.c orders as the distance does, and floats hold it exactly. Centroids (c, V + 1) are floats:
// -2 times each, and last |c|^2; where keyed, c times as large, and the number added to the last.
template <int V, bool KEYED>
void encode_l2(const int8_t *x, const float *centroids, long v, long c, uint8_t *index) {
    const int count = V ? V : (int)v;
    float wide[MOST_V][TILE];
    int32_t nearest[TILE];
    for (int i = 0; i < count; i++)
        for (int p = 0; p < TILE; p++) wide[i][p] = x[i * TILE + p];
    for (int at = 0; at < TILE; at += QUARTER) {
        Floats slice[V ? V : MOST_V], low = Floats{} + 1e9f;
        Ints best = {};
        for (int i = 0; i < count; i++) memcpy(&slice[i], &wide[i][at], WIDTH);
        for (long j = 0; j < c; j++) {
            const float *centroid = centroids + j * (count + 1);
            Floats score = Floats{} + centroid[count];
            for (int i = 0; i < count; i++) score += slice[i] * centroid[i];
            if (!KEYED) best = score < low ? Ints{} + (int32_t)j : best;
            low = score < low ? score : low;
        }
        if (KEYED) best = __builtin_convertvector(low, Ints) & (int32_t)(c - 1);
        memcpy(&nearest[at], &best, WIDTH);
    }
    for (int p = 0; p < TILE; p++) index[p] = (uint8_t)nearest[p];
}

template <int V, bool KEYED>
void encode_slice(const Core &core, const int8_t *x, long codebook, uint8_t *index) {
    const long v = core.v, c = core.c;
    const int16_t *shorts = (const int16_t *)core.centroids + codebook * c * v;
    if (core.metric == 0) encode_l2<V, KEYED>(x, (const float *)core.centroids + codebook * c * (v + 1), v, c, index);
    else if (core.metric == 1) encode_l1<V, KEYED, false>(x, shorts, v, c, index);
    else encode_l1<V, KEYED, true>(x, shorts, v, c, index);
}

template <int V>
void encode_group_of(const Core &core, const int8_t *x, long codebook, uint8_t *index) {
    for (long e = 0; e < core.encoders; e++) {
        const int8_t *slice = x + e * core.v * TILE;
        if (core.keyed) encode_slice<V, true>(core, slice, codebook * core.encoders + e, index + e * TILE);
        else encode_slice<V, false>(core, slice, codebook * core.encoders + e, index + e * TILE);
    }
}

// Encodes a group (encoders * v, TILE) to index group `dest`.
void encode_group(const Core &core, const int8_t *x, long codebook, long dest, uint8_t *index) {
    index += dest * core.encoders * TILE;
    switch (core.v) {
        case 1: return encode_group_of<1>(core, x, codebook, index);
        case 2: return encode_group_of<2>(core, x, codebook, index);
        case 4: return encode_group_of<4>(core, x, codebook, index);
        case 8: return encode_group_of<8>(core, x, codebook, index);
        default: return encode_group_of<0>(core, x, codebook, index);
    }
}

// Bytes of TILE rows, `LINE` of each, as columns: rows (TILE, LINE) -> columns (LINE, TILE), 16 x 16 at a time.
void transpose(const uint8_t *rows, int8_t *columns) {
    for (int top = 0; top < TILE; top += 16)
        for (int left = 0; left < LINE; left += 16) {
            Sixteen part[2][16];
            for (int i = 0; i < 16; i++) memcpy(&part[0][i], rows + (top + i) * LINE + left, 16);
            for (int round = 0; round < 4; round++)  // each brings pairs together that are half the square apart
                for (int i = 0; i < 8; i++) {
                    const Sixteen upper = part[round & 1][i], lower = part[round & 1][i + 8];
                    part[~round & 1][2 * i] = first_of(upper, lower);
                    part[~round & 1][2 * i + 1] = last_of(upper, lower);
                }
            for (int i = 0; i < 16; i++) memcpy(columns + (left + i) * TILE + top, &part[0][i], 16);
        }
}

// Encodes a frame of each pass: frames (passes, groups * group), `stride` bytes from one pass to the next.
void encode_frames(const Core &core, const Record &record, const int8_t *frames, long stride, long passes,
                   uint8_t *index) {
    const long group = core.encoders * core.v, size = record.frame_groups * group;
    const long together = group < LINE ? LINE / group : 1;  // groups whose values are transposed at once
    uint8_t rows[TILE * LINE] = {};
    int8_t x[8 * MOST_V * TILE];
    for (long g = 0; g < record.frame_groups; g += together) {
        const long begin = g * group, wanted = together * group, end = size < begin + wanted ? size : begin + wanted;
        for (long at = begin; at < end; at += LINE) {  // whole lines of memory: frames are often a power of two apart
            const long length = end - at < LINE ? end - at : LINE;
            for (long p = 0; p < passes; p++) memcpy(rows + p * LINE, frames + p * stride + at, length);
            transpose(rows, x + (at - begin) * TILE);
        }
        for (long i = 0; i < together && g + i < record.frame_groups; i++)
            encode_group(core, x + i * group * TILE, record.frame_codebook + (g + i) % record.frame_codebooks,
                         record.frame_dest + g + i, index);
    }
}

// Requantises a finished row, pools, stores and encodes it.
void finish(const Core &core, const Record &record, const Sum &sum, const int32_t *sums, const State &state) {
    const long group = core.encoders * core.v;
    int8_t row[TILE];
    for (long n = 0; n < core.lanes; n++) {
        const long constant = (sum.constant + n / group) * group + n % group;
        const int8_t *added = record.residual ? state.values + (sum.value_in * group + n) * TILE : nullptr;
        requantize(sums + n * TILE, core.mult[constant], core.bias[constant], added, (int)record.low,
                   (int)record.high, row);
        int8_t *held = state.held + n * TILE;
        if (sum.pool_first) memcpy(held, row, TILE);
        else for (int p = 0; p < TILE; p++) held[p] = held[p] < row[p] ? row[p] : held[p];
    }
    if (!sum.pool_last) return;
    if (record.store) memcpy(state.values + sum.value_out * group * TILE, state.held, core.lanes * TILE);
    if (!record.encode) return;
    for (long i = 0; i < record.encodings; i++)
        for (long g = 0; g < core.groups_per_row; g++)
            encode_group(core, state.held + g * group * TILE, sum.codebook + g + i * record.codebooks,
                         sum.dest + g + i * record.encoding_stride, state.index);
}

// Rows of raw results: (passes, stride).
void send(const Core &core, const int32_t *sums, long passes, int32_t *results, long stride) {
    for (long n = 0; n < core.lanes; n++)
        for (long p = 0; p < passes; p++) results[p * stride + n] = sums[n * TILE + place((int)p)];
}

void run_record(const Core &core, const Record &record, const State &state, const int8_t *frames, long frame_bytes,
                long frames_stride, long passes, int32_t *results, long results_stride) {
    if (record.frame >= 0)
        encode_frames(core, record, frames + record.frame * frame_bytes, frames_stride, passes, state.index);
    long begin = 0, result = record.result;
    for (long s = 0; s < record.sums_count; s++) {
        const Sum &sum = record.sums[s];
        int32_t *sums = state.sums + sum.accumulator * core.lanes * TILE;
        const Bank *banks = record.banks + begin;
        if (core.c <= CHUNK) sum_banks<false>(core, banks, sum.banks_end - begin, state.index, sums, sum.first);
        else sum_banks<true>(core, banks, sum.banks_end - begin, state.index, sums, sum.first);
        begin = sum.banks_end;
        if (!sum.last) continue;
        wrap(core, sums);
        if (record.to_output) send(core, sums, passes, results + result++ * core.lanes, results_stride);
        else finish(core, record, sum, sums, state);
    }
}

}  // namespace

// Whether this processor can run this library.
extern "C" int supported() {
#if defined(__AVX512BW__)
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("pclmul");
#elif defined(__AVX2__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("pclmul");
#elif defined(__SSE4_1__)
    return __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("pclmul");
#else
    return 1;
#endif
}

// Runs records on a tile of passes (at most TILE).
//   frames (passes, images, frame bytes), results (passes, images * results of an image): `stride` elements for a pass
extern "C" void run_records(const Core *core, const Record *records, int64_t count, const State *state,
                            const int8_t *frames, int64_t frame_bytes, int64_t frames_stride, int64_t passes,
                            int32_t *results, int64_t results_stride) {
    for (int64_t i = 0; i < count; i++)
        run_record(*core, records[i], *state, frames, frame_bytes, frames_stride, passes, results, results_stride);
}

// Writes table rows (count, lanes) from row `row` of a bank on; `bank_rows` of each bank are kept.
extern "C" void put_rows(const Core *core, uint8_t *tables, int64_t first, const int8_t *rows, int64_t count) {
    const long chunks = (core->c + CHUNK - 1) / CHUNK, size = core->lanes * chunks * CHUNK;
    for (long r = 0; r < count; r++) {
        uint8_t *column = tables + (first + r) / core->c * size + (first + r) % core->c;
        for (long n = 0; n < core->lanes; n++)
            column[n * chunks * CHUNK] = (uint8_t)(rows[r * core->lanes + n] ^ 0x80);
    }
}
