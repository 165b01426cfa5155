// All compiled kernels. avx512.cpp, avx2.cpp and baseline.cpp include them: setup.py compiles each for other processors.
#include "crc.h"
#include "quantize.h"
#include "records.h"
#include "vectors.h"

namespace narrow {  // a few passes take little more time than one

constexpr int TILE = 16, BLOCK = 8, WIDTH = 16;
typedef Bytes16 Bytes;
typedef Words16 Words;
typedef Shorts16 Shorts;
typedef Ints16 Ints;
#include "passes.h"

}  // namespace narrow

namespace wide {

constexpr int TILE = 64;
#if defined(__AVX512BW__)
constexpr int BLOCK = 8, WIDTH = 64;
typedef Bytes64 Bytes;
typedef Words64 Words;
typedef Shorts64 Shorts;
typedef Ints64 Ints;
#elif defined(__AVX2__)
constexpr int BLOCK = 4, WIDTH = 32;
typedef Bytes32 Bytes;
typedef Words32 Words;
typedef Shorts32 Shorts;
typedef Ints32 Ints;
#else
constexpr int BLOCK = 4, WIDTH = 16;
typedef Bytes16 Bytes;
typedef Words16 Words;
typedef Shorts16 Shorts;
typedef Ints16 Ints;
#endif
#include "passes.h"

}  // namespace wide

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

// Runs records on `passes` passes, at most `tile` (16 or 64), which the state is made for.
//   frames (passes, images, frame bytes), results (passes, images * results of an image): `stride` elements for a pass
extern "C" void run_records(const Core *core, const Record *records, int64_t count, const State *state, int64_t tile,
                            const int8_t *frames, int64_t frame_bytes, int64_t frames_stride, int64_t passes,
                            int32_t *results, int64_t results_stride) {
    const auto run = tile == narrow::TILE ? narrow::run_record : wide::run_record;
    for (int64_t i = 0; i < count; i++)
        run(*core, records[i], *state, frames, frame_bytes, frames_stride, passes, results, results_stride);
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
