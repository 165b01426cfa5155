// Executes records of a program on TILE passes side by side: what lutdla.reference defines, bit for bit.
//
// The passes of a tile are the elements of vectors, so that one step of a loop nest is the same instruction for all of
// them, and zero padding, windows and pools need no masks: they are alike in every pass. A table is read inside a
// register: the 16 entries of a chunk of centroids are a vector, and a byte shuffle by the indices looks up WIDTH of them.
//
// Included by kernels.h in namespaces that name TILE, BLOCK (output channels summed together), the vectors and WIDTH,
// their bytes.

constexpr int HALF = WIDTH / 2, QUARTER = WIDTH / 4;
constexpr int MOST_V = 16, MOST_GROUP = 8 * MOST_V;
constexpr int LINE = 64;         // bytes of a line of a cache
constexpr int MOST_TERMS = 256;  // entries of 8 bits that 16 bits add up

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

// The same for l2: |c|^2 - 2 x.c orders as the distance does. Values are taken in pairs of 16 bits. Centroids (c, pairs
// + 1) are integers: pairs of -2 times each, 0 where V is odd, and last |c|^2; where keyed, all of it c times as large,
// and the number added to the last.
template <int V, bool KEYED>
void encode_l2(const int8_t *x, const int32_t *centroids, long v, long c, uint8_t *index) {
    const int count = V ? V : (int)v, pairs = (count + 1) / 2;
    int32_t wide[MOST_V / 2][TILE], nearest[TILE];
    for (int i = 0; i < pairs; i++) {
        const int8_t *lower = x + 2 * i * TILE, *upper = lower + TILE;
        if (2 * i + 1 < count)
            for (int p = 0; p < TILE; p++) wide[i][p] = (uint16_t)lower[p] | (uint32_t)upper[p] << 16;
        else
            for (int p = 0; p < TILE; p++) wide[i][p] = (uint16_t)lower[p];
    }
    for (int at = 0; at < TILE; at += QUARTER) {
        Ints slice[V ? (V + 1) / 2 : MOST_V / 2], low = Ints{} + INT32_MAX, best = {};
        for (int i = 0; i < pairs; i++) memcpy(&slice[i], &wide[i][at], WIDTH);
        for (long j = 0; j < c; j++) {
            const int32_t *centroid = centroids + j * (pairs + 1);
            Ints score = Ints{} + centroid[pairs];
            for (int i = 0; i < pairs; i++) score += dot(slice[i], Ints{} + centroid[i]);
            if (!KEYED) best = score < low ? Ints{} + (int32_t)j : best;  // the lowest index wins ties
            low = score < low ? score : low;
        }
        if (KEYED) best = low & (int32_t)(c - 1);
        memcpy(&nearest[at], &best, WIDTH);
    }
    for (int p = 0; p < TILE; p++) index[p] = (uint8_t)nearest[p];
}

template <int V, bool KEYED>
void encode_slice(const Core &core, const int8_t *x, long codebook, uint8_t *index) {
    const long v = core.v, c = core.c;
    const int16_t *shorts = (const int16_t *)core.centroids + codebook * c * v;
    const int32_t *pairs = (const int32_t *)core.centroids + codebook * c * ((v + 1) / 2 + 1);
    if (core.metric == 0) encode_l2<V, KEYED>(x, pairs, v, c, index);
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
            Bytes16 part[2][16];
            for (int i = 0; i < 16; i++) memcpy(&part[0][i], rows + (top + i) * LINE + left, 16);
            for (int round = 0; round < 4; round++)  // each brings pairs together that are half the square apart
                for (int i = 0; i < 8; i++) {
                    const Bytes16 upper = part[round & 1][i], lower = part[round & 1][i + 8];
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
    int8_t x[MOST_GROUP * TILE];
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
