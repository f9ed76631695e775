#include "millrace_checksum.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

/* The polynomial of CRC-32C with its bits reflected: the highest power is the lowest bit. */
#define POLYNOMIAL 0x82f63b78u

/* Bytes in each of the three streams that run side by side. The instruction takes three cycles but
 * one can start every cycle, so three independent streams keep it busy; long blocks spread the cost
 * of joining them, short blocks bring the gain to small batches. */
#define LONG_BLOCK 8192u
#define SHORT_BLOCK 256u

/* step[k][n] is the checksum of byte n followed by k zero bytes. */
static uint32_t step[8][256];

/* long_shift[k][n] moves byte k of a checksum, of value n, past LONG_BLOCK zero bytes; likewise the
 * other past SHORT_BLOCK. */
static uint32_t long_shift[4][256];
static uint32_t short_shift[4][256];

static bool has_instruction;
static atomic_bool is_ready;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The product of two polynomials modulo the CRC's. */
static uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
        if (a & bit) product ^= b;
        b = (b >> 1) ^ ((b & 1) ? POLYNOMIAL : 0);
    }
    return product;
}

/* x to the power of 8 * count: multiplying by it is what `count` zero bytes do to a checksum. */
static uint32_t power_of_zero_bytes(size_t count) {
    uint32_t result = 0x80000000u;
    uint32_t square = 0x00800000u;
    for (; count != 0; count >>= 1) {
        if (count & 1) result = multiply(result, square);
        square = multiply(square, square);
    }
    return result;
}

static void make_shift(uint32_t shift[4][256], size_t count) {
    uint32_t power = power_of_zero_bytes(count);
    for (uint32_t k = 0; k < 4; k++) {
        for (uint32_t n = 0; n < 256; n++) shift[k][n] = multiply(power, n << (8 * k));
    }
}

static void make_tables(void) {
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t crc = n;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) ? POLYNOMIAL : 0);
        step[0][n] = crc;
    }
    for (int k = 1; k < 8; k++) {
        for (int n = 0; n < 256; n++) {
            step[k][n] = (step[k - 1][n] >> 8) ^ step[0][step[k - 1][n] & 0xff];
        }
    }
    make_shift(long_shift, LONG_BLOCK);
    make_shift(short_shift, SHORT_BLOCK);
#if defined(__x86_64__)
    has_instruction = __builtin_cpu_supports("sse4.2");
#endif
    atomic_store_explicit(&is_ready, true, memory_order_release);
}

static inline void prepare(void) {
    if (!atomic_load_explicit(&is_ready, memory_order_acquire)) pthread_once(&once, make_tables);
}

static inline uint64_t load(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint32_t by_table(uint32_t crc, const uint8_t *bytes, size_t count) {
    crc = ~crc;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; count >= 8; bytes += 8, count -= 8) {
        uint64_t word = load(bytes) ^ crc;
        crc = step[7][word & 0xff] ^ step[6][word >> 8 & 0xff] ^ step[5][word >> 16 & 0xff] ^
              step[4][word >> 24 & 0xff] ^ step[3][word >> 32 & 0xff] ^ step[2][word >> 40 & 0xff] ^
              step[1][word >> 48 & 0xff] ^ step[0][word >> 56];
    }
#endif
    for (; count != 0; bytes++, count--) crc = (crc >> 8) ^ step[0][(crc ^ *bytes) & 0xff];
    return ~crc;
}

#if defined(__x86_64__)
static inline uint32_t move_past(const uint32_t shift[4][256], uint32_t crc) {
    return shift[0][crc & 0xff] ^ shift[1][crc >> 8 & 0xff] ^ shift[2][crc >> 16 & 0xff] ^
           shift[3][crc >> 24];
}

/* Three neighbouring blocks of `block` bytes, each with its own checksum, joined at the end. */
__attribute__((target("sse4.2"), always_inline)) static inline uint64_t three_blocks(
    uint64_t first, const uint8_t *bytes, size_t block, const uint32_t shift[4][256]) {
    uint64_t second = 0, third = 0;
    for (const uint8_t *end = bytes + block; bytes < end; bytes += 8) {
        first = _mm_crc32_u64(first, load(bytes));
        second = _mm_crc32_u64(second, load(bytes + block));
        third = _mm_crc32_u64(third, load(bytes + 2 * block));
    }
    second ^= move_past(shift, (uint32_t)first);
    return third ^ move_past(shift, (uint32_t)second);
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(
    uint32_t start, const uint8_t *bytes, size_t count) {
    uint64_t crc = (uint32_t)~start;
    for (; count >= 3 * LONG_BLOCK; bytes += 3 * LONG_BLOCK, count -= 3 * LONG_BLOCK) {
        crc = three_blocks(crc, bytes, LONG_BLOCK, long_shift);
    }
    for (; count >= 3 * SHORT_BLOCK; bytes += 3 * SHORT_BLOCK, count -= 3 * SHORT_BLOCK) {
        crc = three_blocks(crc, bytes, SHORT_BLOCK, short_shift);
    }
    for (; count >= 8; bytes += 8, count -= 8) crc = _mm_crc32_u64(crc, load(bytes));
    for (; count != 0; bytes++, count--) crc = _mm_crc32_u8((uint32_t)crc, *bytes);
    return ~(uint32_t)crc;
}
#endif

bool millrace_crc32c_has_instruction(void) {
    prepare();
    return has_instruction;
}

uint32_t millrace_crc32c_by_table(uint32_t crc, const void *bytes, size_t count) {
    prepare();
    return by_table(crc, bytes, count);
}

uint32_t millrace_crc32c(uint32_t crc, const void *bytes, size_t count) {
    prepare();
#if defined(__x86_64__)
    if (has_instruction) return by_instruction(crc, bytes, count);
#endif
    return by_table(crc, bytes, count);
}
