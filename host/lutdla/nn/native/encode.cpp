// Encoding of slices and its gradients, all centroids of a codebook side by side in vector registers.
// Compiled for one METRIC (0 l2, 1 l1, 2 chebyshev), V values in a slice and C centroids, C a power of two up to 64.
// All values are integers below 2^24 held as floats: any order of additions gives the same bits.
#include <cstdint>

namespace {

typedef float Row __attribute__((vector_size(4 * C), aligned(4)));      // a number for each centroid
typedef int32_t Mask __attribute__((vector_size(4 * C), aligned(4)));

inline Row magnitude(Row e) { return (Row)((Mask)e & 0x7fffffff); }

// Distance of x[V] to each centroid; `difference` keeps x - centroid, value by value.
inline Row distance(const Row *codebook, const float *x, Row *difference) {
    Row total = {0};
    for (int i = 0; i < V; i++) {
        Row e = x[i] - codebook[i];
        difference[i] = e;
#if METRIC == 0
        total += e * e;
#elif METRIC == 1
        total += magnitude(e);
#else
        Row size = magnitude(e);
        total = size > total ? size : total;
#endif
    }
    return total;
}

inline float least(Row d) {
    float low = d[0];
    for (int j = 1; j < C; j++) low = d[j] < low ? d[j] : low;
    return low;
}

inline float sum(Row d) {
    float total = 0;
    for (int j = 0; j < C; j++) total += d[j];
    return total;
}

inline int first(Row d, float low) {  // the lowest index wins ties
    Mask hit = d == low;
    uint64_t mask = 0;
    for (int j = 0; j < C; j++) mask |= (uint64_t)(hit[j] & 1) << j;
    return __builtin_ctzll(mask);
}

}  // namespace

// x (M, S, V), codebooks (S, V, C), real (S, C, V) -> index (M, S), decoded (M, S, V): real values of the nearest
// centroids; nearest (S,) += their distances. For rows begin..end.
extern "C" void encode(const float *x, const Row *codebooks, const float *real, uint8_t *index, float *decoded,
                       double *nearest, long S, long begin, long end) {
    Row difference[V];
    for (long m = begin; m < end; m++)
        for (long s = 0; s < S; s++) {
            long at = m * S + s;
            Row d = distance(codebooks + s * V, x + at * V, difference);
            float low = least(d);
            int best = first(d, low);
            index[at] = best;
            nearest[s] += low;
            for (int i = 0; i < V; i++) decoded[at * V + i] = real[(s * C + best) * V + i];
        }
}

// Gradients of a soft choice of centroids (see lutdla.nn.gradients): grad (M, S, V) of the decoded values, rate (S,) one
// over the temperature -> grad_x (M, S, V), grad_codebooks (S, V, C) +=. real is (S, V, C) here.
extern "C" void soft_choice(const float *x, const float *grad, const Row *codebooks, const Row *real,
                            const float *rate, float *grad_x, Row *grad_codebooks, long S, long begin, long end) {
    Row difference[V], zero = {0};
    for (long m = begin; m < end; m++)
        for (long s = 0; s < S; s++) {
            long at = (m * S + s) * V;
            Row d = distance(codebooks + s * V, x + at, difference), gain = {0};
            for (int i = 0; i < V; i++) gain += grad[at + i] * real[s * V + i];
            Row share = 1.0f - (d - least(d)) * (rate[s] / 16);
            share = share > zero ? share : zero;
            share *= share; share *= share; share *= share; share *= share;  // (1 - t/16)^16, nearly exp(-t)
            float total = sum(share), mean = sum(share * gain) / total;
            Row pull = share * (gain - mean) * (-rate[s] / total);  // by how much each distance changes the loss
            for (int i = 0; i < V; i++) {
#if METRIC == 0
                Row slope = 2 * difference[i] * pull;
#else
                Row slope = difference[i] > 0 ? pull : (difference[i] < 0 ? -pull : zero);
#if METRIC == 2
                slope = magnitude(difference[i]) == d ? slope : zero;
#endif
#endif
                grad_codebooks[s * V + i] -= slope;
                grad_x[at + i] = sum(slope);
            }
        }
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
