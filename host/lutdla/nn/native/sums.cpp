// Sums of table rows over the window of each output pixel, their gradients, and requantization.
// Rows hold N values, a multiple of 16. Entries are integers whose sums stay below 2^24: floats add them exactly.
#include <algorithm>
#include <cmath>
#include <cstdint>

struct Window {  // of lutdla.nn.geometry.Geometry, in pixels
    long height, width, rows, columns;               // of the map, of the result
    long kernel_h, kernel_w, average_h, average_w;   // kernel in squares; a square has average_h x average_w pixels
    long stride_h, stride_w, top, left;              // in squares
};

namespace {

constexpr int BLOCK = 32;  // output pixels at a time: their sums stay in the first cache
constexpr int LANES = 16;
typedef float Vec __attribute__((vector_size(4 * LANES), aligned(4)));

// Output pixels of a block: their image, and the top left pixel of their window.
struct Block {
    long count, image[BLOCK], top[BLOCK], left[BLOCK];

    Block(const Window &w, long begin, long size) : count(size) {
        for (long p = 0; p < size; p++) {
            long pixel = begin + p, y = pixel / w.columns % w.rows, x = pixel % w.columns;
            image[p] = pixel / (w.rows * w.columns) * w.height;
            top[p] = (y * w.stride_h - w.top) * w.average_h;
            left[p] = (x * w.stride_w - w.left) * w.average_w;
        }
    }
};

// Adds rows of tables to sums, or sums to rows, for taps first..last. WIDTH: vectors in a row, 0 where it varies.
template <bool INTO_TABLES, int WIDTH>
void walk(const uint8_t *index, float *tables, float *sums, const Window &w, long S, long c, long width, long begin,
          long end, long first_tap, long last_tap) {
    const long vectors = WIDTH ? WIDTH : width, N = vectors * LANES;
    for (long start = begin; start < end; start += BLOCK) {
        Block block(w, start, std::min<long>(BLOCK, end - start));
        if (!INTO_TABLES) std::fill(sums + start * N, sums + (start + block.count) * N, 0.0f);
        for (long i = 0; i < w.kernel_h * w.average_h; i++)
            for (long j = 0; j < w.kernel_w * w.average_w; j++) {
                long tap = i / w.average_h * w.kernel_w + j / w.average_w;
                if (tap < first_tap || tap >= last_tap) continue;
                long found = 0;
                const uint8_t *chosen[BLOCK];
                Vec *sum[BLOCK];
                for (long p = 0; p < block.count; p++) {
                    long row = block.top[p] + i, column = block.left[p] + j;
                    if ((unsigned long)row < (unsigned long)w.height && (unsigned long)column < (unsigned long)w.width) {
                        chosen[found] = index + ((block.image[p] + row) * w.width + column) * S;
                        sum[found++] = (Vec *)(sums + (start + p) * N);
                    }
                }
                for (long s = 0; s < S; s++) {
                    float *rows = tables + (tap * S + s) * c * N;
                    for (long p = 0; p < found; p++) {
                        Vec *row = (Vec *)(rows + chosen[p][s] * N), *at = sum[p];
                        for (long n = 0; n < vectors; n++)
                            if (INTO_TABLES) row[n] += at[n]; else at[n] += row[n];
                    }
                }
            }
    }
}

template <bool INTO_TABLES, class... Rest>
void walk_width(long N, const uint8_t *index, float *tables, float *sums, const Window &w, long S, long c,
                Rest... rest) {
    long width = N / LANES;
    switch (width) {
        case 1: return walk<INTO_TABLES, 1>(index, tables, sums, w, S, c, width, rest...);
        case 2: return walk<INTO_TABLES, 2>(index, tables, sums, w, S, c, width, rest...);
        case 4: return walk<INTO_TABLES, 4>(index, tables, sums, w, S, c, width, rest...);
        default: return walk<INTO_TABLES, 0>(index, tables, sums, w, S, c, width, rest...);
    }
}

}  // namespace

// index (B, H, W, S), tables (T, S, c, N) -> sums (B * rows * columns, N), for output pixels begin..end.
extern "C" void look_up(const uint8_t *index, float *tables, float *sums, const Window *window, long S, long c, long N,
                        long begin, long end) {
    walk_width<false>(N, index, tables, sums, *window, S, c, begin, end, 0L, window->kernel_h * window->kernel_w);
}

// The gradient of the tables: sums (pixels, N) are added to the rows that were read, for taps begin..end.
extern "C" void scatter(const uint8_t *index, float *tables, float *sums, const Window *window, long S, long c, long N,
                        long pixels, long begin, long end) {
    walk_width<true>(N, index, tables, sums, *window, S, c, 0L, pixels, begin, end);
}

// clamp(floor((acc * mult + bias) * unit) + added): acc (M, N); added null or (M, N). Doubles hold every step exactly.
extern "C" void requantize(const float *__restrict acc, const double *__restrict mult, const double *__restrict bias,
                           const double *__restrict unit, const float *added, float *__restrict result, float low, float high, long N, long begin, long end) {
    for (long m = begin; m < end; m++)
        for (long n = 0; n < N; n++) {
            float value = (float)std::floor((acc[m * N + n] * mult[n] + bias[n]) * unit[n]);
            if (added) value += added[m * N + n];
            result[m * N + n] = std::min(std::max(value, low), high);
        }
}

// Its gradients: grad (M, N) of the result -> inside (M, N): where the clamp lets it pass; of_acc (M, N): that times
// ratio (N,); of_offset (N,) += sums of inside.
extern "C" void requantize_gradient(const float *__restrict grad, const float *__restrict result,
                                    const float *__restrict ratio, float *__restrict inside, float *__restrict of_acc,
                                    float *__restrict of_offset, float low, float high, long N, long begin, long end) {
    for (long m = begin; m < end; m++)
        for (long n = 0; n < N; n++) {
            float value = result[m * N + n], passed = value > low && value < high ? grad[m * N + n] : 0.0f;
            inside[m * N + n] = passed;
            of_acc[m * N + n] = passed * ratio[n];
            of_offset[n] += passed;
        }
}
