// A record batch of format version 2, uncompressed. The checksum leaves out what a broker writes
// into it, so that one batch serves for every offset of every partition.
#include "load.h"

#include <string.h>
#include <time.h>

#include "millrace_checksum.h"

enum { checksum_position = 17, attributes_position = 21, last_offset_position = 23 };

static void put_record(struct writer *w, const uint8_t *value, size_t value_bytes, unsigned index) {
    uint8_t memory[32];
    struct writer start = {memory, 0, sizeof memory};
    put_big(&start, 0, 1);        // attributes
    put_zigzag(&start, 0);        // the time, from the batch's
    put_zigzag(&start, index);
    put_zigzag(&start, -1);       // no key
    put_zigzag(&start, (int64_t)value_bytes);
    put_zigzag(w, (int64_t)(start.count + value_bytes + 1));
    put_bytes(w, memory, start.count);
    put_bytes(w, value, value_bytes);
    put_zigzag(w, 0);             // no headers
}

static void put_header(struct writer *w) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t time_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    put_big(w, 0, 8);             // base offset: the broker's
    put_big(w, 0, 4);             // length, once it is known
    put_big(w, UINT32_MAX, 4);    // leader epoch: the broker's
    put_big(w, 2, 1);             // the format
    put_big(w, 0, 4);             // checksum
    put_big(w, 0, 2);             // attributes
    put_big(w, 0, 4);             // last offset
    put_big(w, time_ms, 8);
    put_big(w, time_ms, 8);
    put_big(w, UINT64_MAX, 8);    // no producer id,
    put_big(w, UINT16_MAX, 2);    // epoch
    put_big(w, UINT32_MAX, 4);    // or sequence
    put_big(w, 0, 4);             // record count
}

struct batch batch_build(size_t batch_bytes, size_t record_bytes) {
    // The most that a record takes beside its value: lengths and offsets are varints.
    enum { record_extra = 32 };
    size_t capacity = batch_bytes + record_bytes + record_extra;
    struct writer w = {allocate_pages(capacity, 0), 0, capacity};
    uint8_t *value = allocate_pages(record_bytes, 'm');
    put_header(&w);
    unsigned count = 0;
    size_t end = w.count;
    for (;; count++) {
        put_record(&w, value, record_bytes, count);
        if (w.count > batch_bytes) break;
        end = w.count;
    }
    w.count = end;
    if (count == 0)
        die("--batch %zu does not hold a record of --record %zu", batch_bytes, record_bytes);
    patch_big(&w, 8, (uint32_t)(w.count - batch_length_end));
    patch_big(&w, last_offset_position, count - 1);
    patch_big(&w, batch_header_bytes - 4, count);
    patch_big(&w, checksum_position,
              millrace_crc32c(0, w.bytes + attributes_position, w.count - attributes_position));
    return (struct batch){w.bytes, w.count, count};
}
