// Real inputs as int8: clamp(rint(x / scale) + zero_point), as lutdla.spec.artefact.Artefact.quantize defines it.
#include <cstdint>
#include <cstring>

namespace {

constexpr long PIECE = 1024;  // values of a piece, which stays in the first cache

inline void quantize_piece(const float *__restrict x, int8_t *__restrict values, long count, float scale, float zero) {
    for (long i = 0; i < count; i++) {
        float value = __builtin_rintf(x[i] / scale) + zero;
        value = value < -128.0f ? -128.0f : value;
        value = value > 127.0f ? 127.0f : value;
        values[i] = (int8_t)(int32_t)value;
    }
}

}  // namespace

// Returns whether all values are finite; where not, the result is not to be used.
extern "C" int quantize_float(const float *x, int8_t *values, int64_t count, float scale, float zero) {
    constexpr uint32_t INFINITE = 0x7f800000;
    uint32_t most = 0;
    for (long at = 0; at < count; at += PIECE) {
        const long size = count - at < PIECE ? count - at : PIECE;
        uint32_t bits[PIECE];
        memcpy(bits, x + at, size * sizeof(float));
        for (long i = 0; i < size; i++) {
            uint32_t magnitude = bits[i] & 0x7fffffff;
            most = magnitude > most ? magnitude : most;
        }
        if (most >= INFINITE) return 0;
        quantize_piece(x + at, values + at, size, scale, zero);
    }
    return 1;
}

extern "C" int quantize_bytes(const uint8_t *x, int8_t *values, int64_t count, float scale, float zero) {
    float wide[PIECE];
    for (long at = 0; at < count; at += PIECE) {
        const long size = count - at < PIECE ? count - at : PIECE;
        for (long i = 0; i < size; i++) wide[i] = x[at + i];
        quantize_piece(wide, values + at, size, scale, zero);
    }
    return 1;
}
