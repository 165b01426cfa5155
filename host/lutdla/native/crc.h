// CRC-32 of zlib, by the processor's own instructions.
#include <cstdint>
#include <cstring>

#if defined(__PCLMUL__)
#include <wmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace {

struct Table {
    uint32_t of[256];
    constexpr Table() : of() {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t crc = i;
            for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
            of[i] = crc;
        }
    }
};
constexpr Table TABLE;

// The register after `size` more bytes.
inline uint32_t by_bytes(uint32_t crc, const uint8_t *data, long size) {
    for (long i = 0; i < size; i++) crc = crc >> 8 ^ TABLE.of[(crc ^ data[i]) & 255];
    return crc;
}

#if defined(__PCLMUL__)
// x moved on by as many bits as `by` stands for, and what is there added: both halves times a power of x.
inline __m128i fold(__m128i x, __m128i by, __m128i there) {
    return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00), _mm_clmulepi64_si128(x, by, 0x11)), there);
}

// 64 bytes at a time, carried along as 4 x 128 bits that are the same modulo the polynomial.
inline uint32_t by_folding(uint32_t crc, const uint8_t *data, long size) {
    const __m128i by_four = _mm_set_epi64x(0x1c6e41596, 0x154442bd4), by_one = _mm_set_epi64x(0xccaa009e, 0x1751997d0);
    __m128i part[4];
    memcpy(part, data, 64);
    part[0] = _mm_xor_si128(part[0], _mm_cvtsi32_si128((int)crc));
    long at = 64;
    for (; at + 64 <= size; at += 64)
        for (int i = 0; i < 4; i++)
            part[i] = fold(part[i], by_four, _mm_loadu_si128((const __m128i *)(data + at + 16 * i)));
    for (int i = 1; i < 4; i++) part[i] = fold(part[i - 1], by_one, part[i]);
    uint8_t rest[16];
    memcpy(rest, &part[3], 16);
    return by_bytes(by_bytes(0, rest, 16), data + at, size - at);
}
#elif defined(__ARM_FEATURE_CRC32)
inline uint32_t by_folding(uint32_t crc, const uint8_t *data, long size) {
    long at = 0;
    for (; at + 8 <= size; at += 8) {
        uint64_t word;
        memcpy(&word, data + at, 8);
        crc = __crc32d(crc, word);
    }
    return by_bytes(crc, data + at, size - at);
}
#else
inline uint32_t by_folding(uint32_t crc, const uint8_t *data, long size) { return by_bytes(crc, data, size); }
#endif

}  // namespace

// CRC of data that follows data with the CRC `crc`, 0 at the beginning.
extern "C" uint32_t crc_32(const uint8_t *data, int64_t size, uint32_t crc) {
    return ~(size < 64 ? by_bytes(~crc, data, size) : by_folding(~crc, data, size));
}

extern "C" int crc_is_fast() {
#if defined(__PCLMUL__) || defined(__ARM_FEATURE_CRC32)
    return 1;
#else
    return 0;
#endif
}
