// Sums of table rows over the window of each output pixel, their gradients, and requantization.
// Rows hold N values, a multiple of 16. Entries are integers whose sums stay below 2^24: floats add them exactly.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

struct Window {  // of lutdla.nn.geometry.Geometry, in pixels
    long height, width, rows, columns;               // of the map, of the result
    long kernel_h, kernel_w, average_h, average_w;   // kernel in squares; a square has average_h x average_w pixels
    long stride_h, stride_w, top, left;              // in squares
};

namespace {

constexpr int BLOCK = 32;  // output pixels at a time: their sums stay in the first cache
constexpr int LANES = 16;
typedef float Vec __attribute__((vector_size(4 * LANES), aligned(4)));

// Pixel of the map that output pixel p meets at offset (i, j) of its window; -1 outside.
inline long source(const Window &w, long p, long i, long j) {
    long image = p / (w.rows * w.columns), y = p / w.columns % w.rows, x = p % w.columns;
    long row = (y * w.stride_h - w.top) * w.average_h + i, column = (x * w.stride_w - w.left) * w.average_w + j;
    bool inside = row >= 0 && row < w.height && column >= 0 && column < w.width;
    return inside ? (image * w.height + row) * w.width + column : -1;
}

template <bool INTO_TABLES>
void walk(const uint8_t *index, float *tables, float *sums, const Window &w, long S, long c, long N, long begin,
          long end, long first_tap, long last_tap) {
    for (long block = begin; block < end; block += BLOCK) {
        long count = std::min<long>(BLOCK, end - block), pixels[BLOCK];
        if (!INTO_TABLES) std::fill(sums + block * N, sums + (block + count) * N, 0.0f);
        for (long i = 0; i < w.kernel_h * w.average_h; i++)
            for (long j = 0; j < w.kernel_w * w.average_w; j++) {
                long tap = i / w.average_h * w.kernel_w + j / w.average_w;
                if (tap < first_tap || tap >= last_tap) continue;
                long found = 0, at[BLOCK];
                for (long p = 0; p < count; p++) {
                    long pixel = source(w, block + p, i, j);
                    if (pixel >= 0) { pixels[found] = pixel; at[found++] = block + p; }
                }
                for (long s = 0; s < S; s++) {
                    float *rows = tables + (tap * S + s) * c * N;
                    for (long p = 0; p < found; p++) {
                        Vec *row = (Vec *)(rows + index[pixels[p] * S + s] * N), *sum = (Vec *)(sums + at[p] * N);
                        for (long n = 0; n < N / LANES; n++)
                            if (INTO_TABLES) row[n] += sum[n]; else sum[n] += row[n];
                    }
                }
            }
    }
}

}  // namespace

// index (B, H, W, S), tables (T, S, c, N) -> sums (B * rows * columns, N), for output pixels begin..end.
extern "C" void look_up(const uint8_t *index, float *tables, float *sums, const Window *window, long S, long c, long N,
                        long begin, long end) {
    walk<false>(index, tables, sums, *window, S, c, N, begin, end, 0, window->kernel_h * window->kernel_w);
}

// The gradient of the tables: sums (pixels, N) are added to the rows that were read, for taps begin..end.
extern "C" void scatter(const uint8_t *index, float *tables, float *sums, const Window *window, long S, long c, long N,
                        long pixels, long begin, long end) {
    walk<true>(index, tables, sums, *window, S, c, N, 0, pixels, begin, end);
}

// clamp(floor((acc * mult + bias) * unit) + added): acc (M, N); added null or (M, N). Doubles hold every step exactly.
extern "C" void requantize(const float *acc, const double *mult, const double *bias, const double *unit,
                           const float *added, float *result, float low, float high, long N, long begin, long end) {
    for (long m = begin; m < end; m++)
        for (long n = 0; n < N; n++) {
            float value = (float)std::floor((acc[m * N + n] * mult[n] + bias[n]) * unit[n]);
            if (added) value += added[m * N + n];
            result[m * N + n] = std::min(std::max(value, low), high);
        }
}
