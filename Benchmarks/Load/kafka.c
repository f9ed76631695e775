// Kafka's protocol, in the last versions before flexible fields: every broker has had them for
// years. No metadata is asked for: the broker at the port has to lead the topic's partitions.
#include "load.h"

#include <stdlib.h>
#include <string.h>

enum { key_produce = 0, key_fetch = 1, produce_version = 7, fetch_version = 11 };
enum { wait_ms = 30000, fetch_wait_ms = 500 };

static const char *error_name(int code) {
    switch (code) {
    case 1: return "OFFSET_OUT_OF_RANGE";
    case 2: return "CORRUPT_MESSAGE";
    case 3: return "UNKNOWN_TOPIC_OR_PARTITION";
    case 6: return "NOT_LEADER_OR_FOLLOWER";
    case 7: return "REQUEST_TIMED_OUT";
    case 10: return "MESSAGE_TOO_LARGE";
    case 17: return "INVALID_TOPIC_EXCEPTION";
    case 19: return "NOT_ENOUGH_REPLICAS";
    case 29: return "TOPIC_AUTHORIZATION_FAILED";
    case 35: return "UNSUPPORTED_VERSION";
    case 56: return "KAFKA_STORAGE_ERROR";
    case 87: return "INVALID_RECORD";
    default: return "see Kafka's list of error codes";
    }
}

static void check_error(const struct connection *c, uint64_t field, unsigned partition) {
    int code = (int16_t)field;
    if (code != 0)
        die("the broker says error %d (%s) for partition %u; it was asked to %s", code,
            error_name(code), partition, c->asked);
}

static void put_string(struct writer *w, const char *text) {
    put_big(w, strlen(text), 2);
    put_bytes(w, text, strlen(text));
}

static void put_request(struct writer *w, unsigned key, unsigned version, uint64_t number) {
    put_big(w, 0, 4);  // the size, which end_request knows
    put_big(w, key, 2);
    put_big(w, version, 2);
    put_big(w, number, 4);
    put_string(w, "load");
}

static void end_request(struct writer *w, size_t records) {
    patch_big(w, 0, (uint32_t)(w->count - 4 + records));
}

static void expect(const struct connection *c, uint64_t is, uint64_t due, const char *what) {
    if (is != due)
        die("the broker answers with %s %llu where %llu is due; it was asked to %s", what,
            (unsigned long long)is, (unsigned long long)due, c->asked);
}

// ---- Produce -----------------------------------------------------------------------------------

static void open_produce(struct producer *p) {
    (void)p;  // a request says all that the broker has to know
}

static void write_head(struct producer *p, uint64_t number, unsigned partition) {
    struct writer *w = &p->head;
    put_request(w, key_produce, produce_version, number & INT32_MAX);
    put_big(w, UINT16_MAX, 2);  // no transaction
    put_big(w, (uint16_t)p->options->acks, 2);
    put_big(w, wait_ms, 4);
    put_big(w, 1, 4);
    put_string(w, p->options->topic);
    put_big(w, 1, 4);
    put_big(w, partition, 4);
    put_big(w, p->batch.count, 4);
    end_request(w, p->batch.count);
}

static void receive(struct producer *p) {
    struct connection *c = &p->connection;
    struct reader size = connection_reader(c, 4);
    struct reader r = connection_reader(c, get_big(&size, 4));
    uint64_t number = get_big(&r, 4);
    expect(c, number, p->acknowledged & INT32_MAX, "correlation id");
    expect(c, get_big(&r, 4), 1, "a number of topics:");
    get_bytes(&r, get_big(&r, 2));
    expect(c, get_big(&r, 4), 1, "a number of partitions:");
    unsigned partition = (unsigned)get_big(&r, 4);
    check_error(c, get_big(&r, 2), partition);
    producer_acknowledged(p, p->acknowledged);
}

// ---- Fetch -------------------------------------------------------------------------------------

// One fetch is under way at a time, as consumers have it: the next one's offset is what this one's
// answer says.
struct fetcher {
    struct consumer *consumer;
    int64_t *offsets;
    size_t left;      // bytes of the answer that have not come
    uint64_t number;
};

static void put_fetch(struct writer *w, const struct fetcher *f) {
    const struct load_options *o = f->consumer->options;
    unsigned count = o->common.partitions;
    put_request(w, key_fetch, fetch_version, f->number & INT32_MAX);
    put_big(w, UINT32_MAX, 4);  // a consumer, no replica
    put_big(w, fetch_wait_ms, 4);
    put_big(w, 1, 4);           // bytes to wait for
    put_big(w, o->max_bytes, 4);
    put_big(w, 0, 1);           // read uncommitted
    put_big(w, 0, 4);           // no session:
    put_big(w, UINT32_MAX, 4);  // this is all of it
    put_big(w, 1, 4);
    put_string(w, o->topic);
    put_big(w, count, 4);
    for (unsigned i = 0; i < count; i++) {
        // The partitions named first may fill the answer: each is that in turn.
        unsigned partition = (unsigned)((f->number + i) % count);
        put_big(w, partition, 4);
        put_big(w, UINT32_MAX, 4);  // whatever the leader's epoch
        put_big(w, (uint64_t)f->offsets[partition], 8);
        put_big(w, UINT64_MAX, 8);  // the log start, which only replicas have
        put_big(w, o->max_bytes, 4);
    }
    put_big(w, 0, 4);  // forgotten topics
    put_string(w, "");
    end_request(w, 0);
}

static struct reader take(struct fetcher *f, size_t count) {
    if (count > f->left) die("the broker's answer ends before its fields do");
    f->left -= count;
    return connection_reader(&f->consumer->connection, count);
}

static uint64_t take_big(struct fetcher *f, unsigned size) {
    struct reader r = take(f, size);
    return get_big(&r, size);
}

static void drop(struct fetcher *f, size_t count) {
    if (count > f->left) die("the broker's answer ends before its fields do");
    f->left -= count;
    connection_skip(&f->consumer->connection, count);
}

// Whole batches count; what is cut off at the end of an answer is fetched again.
static void receive_records(struct fetcher *f, size_t count, int64_t *offset) {
    while (count >= batch_header_bytes) {
        struct reader r = take(f, batch_offsets_bytes);
        int64_t base = (int64_t)get_big(&r, 8);
        size_t length = batch_length_end + get_big(&r, 4);
        get_bytes(&r, 4 + 1 + 4 + 2);
        int64_t delta = (int32_t)get_big(&r, 4);
        if (length < batch_header_bytes) die("the broker's batch has a length of %zu", length);
        if (length > count) {
            count -= batch_offsets_bytes;
            break;
        }
        drop(f, length - batch_offsets_bytes);
        count -= length;
        *offset = base + delta + 1;
        f->consumer->meter.bytes += length;
    }
    drop(f, count);
}

static void receive_partition(struct fetcher *f) {
    const struct connection *c = &f->consumer->connection;
    struct reader r = take(f, 4 + 2 + 8 + 8 + 8 + 4);
    unsigned partition = (unsigned)get_big(&r, 4);
    check_error(c, get_big(&r, 2), partition);
    int64_t high_watermark = (int64_t)get_big(&r, 8);
    get_bytes(&r, 8);
    int64_t log_start = (int64_t)get_big(&r, 8);
    int32_t aborted = (int32_t)get_big(&r, 4);
    if (partition >= f->consumer->options->common.partitions)
        die("the broker answers with partition %u; it was asked to %s", partition, c->asked);
    if (aborted > 0) drop(f, (size_t)aborted * 16);
    drop(f, 4);  // the replica it would rather have asked
    int32_t records = (int32_t)take_big(f, 4);
    int64_t *offset = &f->offsets[partition];
    if (records > 0) receive_records(f, (size_t)records, offset);
    if (*offset >= high_watermark) *offset = log_start > 0 ? log_start : 0;
}

static void receive_fetch(struct fetcher *f) {
    struct connection *c = &f->consumer->connection;
    size_t before = f->consumer->meter.bytes;
    f->left = 4;
    f->left = take_big(f, 4);
    expect(c, take_big(f, 4), f->number & INT32_MAX, "correlation id");
    struct reader r = take(f, 4 + 2 + 4);
    get_bytes(&r, 4);
    int code = (int16_t)get_big(&r, 2);
    if (code != 0)
        die("the broker says error %d (%s); it was asked to %s", code, error_name(code), c->asked);
    uint32_t topics = (uint32_t)take_big(f, 4);
    for (uint32_t i = 0; i < topics; i++) {
        take(f, take_big(f, 2));
        uint32_t partitions = (uint32_t)take_big(f, 4);
        for (uint32_t j = 0; j < partitions; j++) receive_partition(f);
    }
    drop(f, f->left);
    if (f->consumer->meter.bytes == before) die("there are no records to %s", c->asked);
}

static void consume(struct consumer *c) {
    unsigned count = c->options->common.partitions;
    struct fetcher f = {.consumer = c, .offsets = calloc(count, sizeof *f.offsets)};
    size_t capacity = head_bytes + 32 * (size_t)count;
    uint8_t *memory = malloc(capacity);
    CHECK(f.offsets != NULL && memory != NULL);
    for (; c->meter.bytes < c->options->common.total_bytes; f.number++) {
        struct writer w = {memory, 0, capacity};
        put_fetch(&w, &f);
        uint64_t asked_ns = now_ns();
        connection_write(&c->connection, &w);
        receive_fetch(&f);
        latencies_add(&c->meter.latencies, now_ns() - asked_ns);
        c->meter.requests++;
    }
    free(memory);
    free(f.offsets);
}

const struct door kafka_door = {
    .name = "kafka", .open_produce = open_produce, .write_head = write_head, .receive = receive,
    .consume = consume,
};
