// Vectors of 16, 32 and 64 bytes, as wide as the processor has them: what the compiler's own operators do not do.
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define VECTORS(WIDTH)                                                        \
    typedef uint8_t Bytes##WIDTH __attribute__((vector_size(WIDTH)));         \
    typedef uint16_t Words##WIDTH __attribute__((vector_size(WIDTH)));        \
    typedef int16_t Shorts##WIDTH __attribute__((vector_size(WIDTH)));        \
    typedef int32_t Ints##WIDTH __attribute__((vector_size(WIDTH)));

namespace {

VECTORS(16)

// look_up: the entry of a table of 16 for each index; 0 where bit 7 of the index is set. magnitude: |x|. dot: in each
// element, the product of the lower 16 bits of both plus that of the upper ones.
#if defined(__SSE4_1__)
inline Bytes16 look_up(const uint8_t *table, Bytes16 index) {
    return (Bytes16)_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)table), (__m128i)index);
}
inline Shorts16 magnitude(Shorts16 x) { return (Shorts16)_mm_abs_epi16((__m128i)x); }
inline Ints16 dot(Ints16 x, Ints16 y) { return (Ints16)_mm_madd_epi16((__m128i)x, (__m128i)y); }
#elif defined(__aarch64__)
inline Bytes16 look_up(const uint8_t *table, Bytes16 index) {
    return (Bytes16)vqtbl1q_u8(vld1q_u8(table), (uint8x16_t)index);
}
inline Shorts16 magnitude(Shorts16 x) { return (Shorts16)vabsq_s16((int16x8_t)x); }
#else
inline Bytes16 look_up(const uint8_t *table, Bytes16 index) {
    uint8_t chosen[16], entries[16];
    memcpy(chosen, &index, 16);
    for (int p = 0; p < 16; p++) entries[p] = chosen[p] & 128 ? 0 : table[chosen[p] & 15];
    memcpy(&index, entries, 16);
    return index;
}
inline Shorts16 magnitude(Shorts16 x) { return x < 0 ? -x : x; }
#endif
#if !defined(__SSE4_1__)
inline Ints16 dot(Ints16 x, Ints16 y) { return (x << 16 >> 16) * (y << 16 >> 16) + (x >> 16) * (y >> 16); }
#endif

#if defined(__AVX2__)
VECTORS(32)
inline Bytes32 look_up(const uint8_t *table, Bytes32 index) {
    __m256i entries = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
    return (Bytes32)_mm256_shuffle_epi8(entries, (__m256i)index);
}
inline Shorts32 magnitude(Shorts32 x) { return (Shorts32)_mm256_abs_epi16((__m256i)x); }
inline Ints32 dot(Ints32 x, Ints32 y) { return (Ints32)_mm256_madd_epi16((__m256i)x, (__m256i)y); }
#endif

#if defined(__AVX512BW__)
VECTORS(64)
inline Bytes64 look_up(const uint8_t *table, Bytes64 index) {
    __m512i entries = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
    return (Bytes64)_mm512_shuffle_epi8(entries, (__m512i)index);
}
inline Shorts64 magnitude(Shorts64 x) { return (Shorts64)_mm512_abs_epi16((__m512i)x); }
inline Ints64 dot(Ints64 x, Ints64 y) { return (Ints64)_mm512_madd_epi16((__m512i)x, (__m512i)y); }
#endif

// Bytes of two vectors in turn: of their first and of their last halves.
#if defined(__clang__)
inline Bytes16 first_of(Bytes16 a, Bytes16 b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline Bytes16 last_of(Bytes16 a, Bytes16 b) {
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
#else
inline Bytes16 first_of(Bytes16 a, Bytes16 b) {
    return __builtin_shuffle(a, b, Bytes16{0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23});
}
inline Bytes16 last_of(Bytes16 a, Bytes16 b) {
    return __builtin_shuffle(a, b, Bytes16{8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31});
}
#endif

}  // namespace
