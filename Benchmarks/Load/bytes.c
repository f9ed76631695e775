// The integers of both protocols: Kafka's are big-endian, the native frame's little-endian, and
// records and Protocol Buffers have varints.
#include "load.h"

#include <string.h>

void put_bytes(struct writer *w, const void *bytes, size_t count) {
    CHECK(count <= w->capacity - w->count);
    memcpy(w->bytes + w->count, bytes, count);
    w->count += count;
}

void put_big(struct writer *w, uint64_t value, unsigned size) {
    uint8_t bytes[8];
    for (unsigned i = 0; i < size; i++) bytes[i] = (uint8_t)(value >> 8 * (size - 1 - i));
    put_bytes(w, bytes, size);
}

void put_little(struct writer *w, uint64_t value, unsigned size) {
    uint8_t bytes[8];
    for (unsigned i = 0; i < size; i++) bytes[i] = (uint8_t)(value >> 8 * i);
    put_bytes(w, bytes, size);
}

void put_varint(struct writer *w, uint64_t value) {
    uint8_t bytes[10];
    size_t count = 0;
    for (; value > 0x7f; value >>= 7) bytes[count++] = (uint8_t)(value | 0x80);
    bytes[count++] = (uint8_t)value;
    put_bytes(w, bytes, count);
}

void put_zigzag(struct writer *w, int64_t value) {
    put_varint(w, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

void patch_big(struct writer *w, size_t position, uint32_t value) {
    put_big(&(struct writer){w->bytes, position, w->count}, value, 4);
}

void patch_little(struct writer *w, size_t position, uint32_t value) {
    put_little(&(struct writer){w->bytes, position, w->count}, value, 4);
}

struct reader get_bytes(struct reader *r, size_t count) {
    if (count > (size_t)(r->end - r->at)) die("the broker's message ends before its fields do");
    struct reader bytes = {r->at, r->at + count};
    r->at += count;
    return bytes;
}

uint64_t get_big(struct reader *r, unsigned size) {
    struct reader bytes = get_bytes(r, size);
    uint64_t value = 0;
    while (bytes.at < bytes.end) value = value << 8 | *bytes.at++;
    return value;
}

uint64_t get_little(struct reader *r, unsigned size) {
    struct reader bytes = get_bytes(r, size);
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) value |= (uint64_t)bytes.at[i] << 8 * i;
    return value;
}

uint64_t get_varint(struct reader *r) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = *get_bytes(r, 1).at;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    die("the broker's message has a varint of more than 64 bits");
}
