// Encoding of slices and its gradients, LANES pixels side by side in a vector register.
// Compiled for one METRIC (0 l2, 1 l1, 2 chebyshev), V values in a slice and C centroids.
// All values are integers below 2^24 held as floats: any order of additions gives the same bits.
#include <algorithm>
#include <cstdint>

namespace {

#ifdef __AVX512F__
constexpr long LANES = 16;
#else
constexpr long LANES = 8;  // vectors wider than the registers compile to code many times slower
#endif
constexpr long TILE = 16 * LANES;  // pixels of a subspace before the next one: its codebook stays in the first cache
typedef float Vec __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t Mask __attribute__((vector_size(4 * LANES), aligned(4)));

inline Vec magnitude(Vec e) { return (Vec)((Mask)e & 0x7fffffff); }
inline Vec smaller(Vec a, Vec b) { return a < b ? a : b; }
inline Vec larger(Vec a, Vec b) { return a > b ? a : b; }

// Slice s of pixels at..at + count of (M, S, V) values, value by value; 0 in the lanes that are left.
inline void take(const float *values, long S, long s, long at, long count, Vec *slice) {
    for (int i = 0; i < V; i++) slice[i] = Vec{0};
    for (long p = 0; p < count; p++)
        for (int i = 0; i < V; i++) slice[i][p] = values[((at + p) * S + s) * V + i];
}

inline void put(const Vec *slice, long S, long s, long at, long count, float *values) {
    for (long p = 0; p < count; p++)
        for (int i = 0; i < V; i++) values[((at + p) * S + s) * V + i] = slice[i][p];
}

// Distance of LANES slices to the centroid codebook[V].
inline Vec distance(const Vec *x, const float *codebook) {
    Vec total = {0};
    for (int i = 0; i < V; i++) {
        Vec e = x[i] - codebook[i];
#if METRIC == 0
        total += e * e;
#elif METRIC == 1
        total += magnitude(e);
#else
        total = larger(total, magnitude(e));
#endif
    }
    return total;
}

// Slope of the distance d to a centroid's coordinate, times pull.
inline Vec slope(Vec e, Vec d, Vec pull) {
#if METRIC == 0
    return 2 * e * pull;
#else
    Vec zero = {0}, signed_pull = e > zero ? pull : (e < zero ? -pull : zero);
#if METRIC == 2
    signed_pull = magnitude(e) == d ? signed_pull : zero;
#endif
    return signed_pull;
#endif
}

template <class Work>
void in_blocks(long S, long begin, long end, Work work) {
    for (long tile = begin; tile < end; tile += TILE)
        for (long s = 0; s < S; s++)
            for (long at = tile; at < std::min(tile + TILE, end); at += LANES)
                work(s, at, std::min(LANES, end - at));
}

}  // namespace

// Pixels of a vector.
extern "C" long lanes() { return LANES; }

// x (M, S, V), codebooks (S, C, V), real (S, C, V) -> index (M, S), decoded (M, S, V): real values of the nearest
// centroids; nearest (S,) += their distances. For rows begin..end.
extern "C" void encode(const float *x, const float *codebooks, const float *real, uint8_t *index, float *decoded,
                       double *nearest, long S, long begin, long end) {
    in_blocks(S, begin, end, [=](long s, long at, long count) {
        const float *codebook = codebooks + s * C * V;
        Vec slice[V];
        take(x, S, s, at, count, slice);
        Vec low = distance(slice, codebook);
        Mask best = {0};
        for (int j = 1; j < C; j++) {
            Vec d = distance(slice, codebook + j * V);
            best = d < low ? Mask{} + j : best;  // the lowest index wins ties
            low = smaller(d, low);
        }
        for (long p = 0; p < count; p++) {
            index[(at + p) * S + s] = best[p];
            nearest[s] += low[p];
            for (int i = 0; i < V; i++) decoded[((at + p) * S + s) * V + i] = real[(s * C + best[p]) * V + i];
        }
    });
}

// Gradients of a soft choice of centroids (see lutdla.nn.gradients): grad (M, S, V) of the decoded values, rate (S,) one
// over the temperature -> grad_x (M, S, V), grad_codebooks (S, C, V, LANES) +=, to be summed over the lanes.
extern "C" void soft_choice(const float *x, const float *grad, const float *codebooks, const float *real,
                            const float *rate, float *grad_x, Vec *grad_codebooks, long S, long begin, long end) {
    in_blocks(S, begin, end, [=](long s, long at, long count) {
        const float *codebook = codebooks + s * C * V, *value = real + s * C * V;
        Vec *total_slope = grad_codebooks + s * C * V;
        Vec slice[V], given[V], moved[V], d[C], share[C], gain[C], zero = {0};
        take(x, S, s, at, count, slice);
        take(grad, S, s, at, count, given);  // 0 in the lanes that are left: they pull nothing
        Vec low = d[0] = distance(slice, codebook);
        for (int j = 1; j < C; j++) low = smaller(low, d[j] = distance(slice, codebook + j * V));
        Vec total = zero, mean = zero;
        for (int j = 0; j < C; j++) {
            Vec near = larger(1.0f - (d[j] - low) * (rate[s] / 16), zero);
            near *= near; near *= near; near *= near; near *= near;  // (1 - t/16)^16, nearly exp(-t)
            Vec gained = zero;
            for (int i = 0; i < V; i++) gained += given[i] * value[j * V + i];
            total += near;
            mean += near * gained;
            share[j] = near;
            gain[j] = gained;
        }
        Vec scale = -rate[s] / total;
        mean /= total;
        for (int i = 0; i < V; i++) moved[i] = zero;
        for (int j = 0; j < C; j++) {
            Vec pull = share[j] * (gain[j] - mean) * scale;  // by how much the distance changes the loss
            for (int i = 0; i < V; i++) {
                Vec step = slope(slice[i] - codebook[j * V + i], d[j], pull);
                moved[i] += step;
                total_slope[j * V + i] -= step;
            }
        }
        put(moved, S, s, at, count, grad_x);
    });
}

// Adds grad (M, S, V) to the rows of grad_real (S, C, V) that were chosen.
extern "C" void gather(const float *grad, const uint8_t *index, float *grad_real, long S, long begin, long end) {
    for (long m = begin; m < end; m++)
        for (long s = 0; s < S; s++) {
            long at = m * S + s;
            float *row = grad_real + (s * C + index[at]) * V;
            for (int i = 0; i < V; i++) row[i] += grad[at * V + i];
        }
}
