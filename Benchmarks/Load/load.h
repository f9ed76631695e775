// The load: one client for both of a broker's doors, and for every broker that speaks Kafka's
// protocol. It sends batches that are built once and drops what it receives unread, so that the
// broker is what is measured.
#ifndef LOAD_H
#define LOAD_H

#include <sys/types.h>
#include <sys/uio.h>

#include "floor.h"

struct load_options {
    struct options common;  // total_bytes, batch_bytes, depth, partitions, json
    const struct door *door;
    unsigned port;
    const char *topic;
    size_t record_bytes;  // of a record's value
    size_t max_bytes;     // what a fetch may bring, or a subscription's credit
    int acks;             // as Kafka has it: 1, or -1 for all
    pid_t server;         // 0 where its cost is not asked for
};

// Ends the program with what the broker answered and what it was asked.
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

// ---- Bytes of messages -------------------------------------------------------------------------

struct writer {
    uint8_t *bytes;
    size_t count, capacity;
};
void put_big(struct writer *w, uint64_t value, unsigned size);
void put_little(struct writer *w, uint64_t value, unsigned size);
void put_varint(struct writer *w, uint64_t value);
void put_zigzag(struct writer *w, int64_t value);
void put_bytes(struct writer *w, const void *bytes, size_t count);
// Changes four bytes that were written before.
void patch_big(struct writer *w, size_t position, uint32_t value);
void patch_little(struct writer *w, size_t position, uint32_t value);

// What lies between two ends; going beyond is a broken message, and ends the program.
struct reader {
    const uint8_t *at, *end;
};
uint64_t get_big(struct reader *r, unsigned size);
uint64_t get_little(struct reader *r, unsigned size);
uint64_t get_varint(struct reader *r);
struct reader get_bytes(struct reader *r, size_t count);

// ---- A record batch ----------------------------------------------------------------------------

struct batch {
    uint8_t *bytes;
    size_t count;
    unsigned record_count;
};
// Of as many records as `batch_bytes` hold.
struct batch batch_build(size_t batch_bytes, size_t record_bytes);
enum {
    batch_length_end = 12,      // the bytes before those that a batch's length counts
    batch_offsets_bytes = 27,   // from which the next batch's offset is told
    batch_header_bytes = 61,
};

// ---- The connection ----------------------------------------------------------------------------

struct connection {
    int socket;
    size_t at, filled;
    char asked[512];  // for the message, should the broker hang up
    // Small, since what lies in it of a batch has been copied in vain, and large enough for any
    // answer but records.
    uint8_t buffer[4096];
};
void connection_open(struct connection *c, unsigned port);
// The next bytes, which stay until the next call.
const uint8_t *connection_read(struct connection *c, size_t count);
struct reader connection_reader(struct connection *c, size_t count);
// Bytes that nobody looks at: dropped by the kernel, uncopied.
void connection_skip(struct connection *c, size_t count);
bool connection_has_bytes(const struct connection *c);
void connection_write(struct connection *c, const struct writer *w);
// How much of it the socket takes without waiting; 0 where that is nothing.
size_t connection_try_write(struct connection *c, const struct iovec *parts, int count);
// Until there is something to read (true) or room to write (false).
bool connection_wait(struct connection *c);

// ---- What is measured --------------------------------------------------------------------------

struct meter {
    const struct load_options *options;
    struct stopwatch watch;
    double server_began;
    struct latencies latencies;
    size_t bytes, requests;
};
void meter_start(struct meter *m, const struct load_options *o);
void meter_report(struct meter *m, const char *name);

// ---- The doors ---------------------------------------------------------------------------------

enum { head_bytes = 1024 };

// Sends batches with `depth` of them unacknowledged.
struct producer {
    const struct load_options *options;
    struct connection connection;
    struct meter meter;
    struct batch batch;
    uint64_t *sent_ns;  // of what is in flight, a circle by number
    uint64_t wanted, begun, acknowledged;
    int64_t call_credit, connection_credit;
    // The request on its way: what comes before its batch, and how much of both has gone.
    struct writer head;
    size_t sent_bytes;
    bool is_sending;
    uint8_t head_memory[head_bytes];
};
void run_produce(const struct load_options *o);
// The oldest request in flight has been answered; `number` is what its answer says.
void producer_acknowledged(struct producer *p, uint64_t number);

struct consumer {
    const struct load_options *options;
    struct connection connection;
    struct meter meter;
};
void run_consume(const struct load_options *o);

struct door {
    const char *name;
    void (*open_produce)(struct producer *p);
    // What goes before the batch of request `number`.
    void (*write_head)(struct producer *p, uint64_t number, unsigned partition);
    // One message of the broker.
    void (*receive)(struct producer *p);
    void (*consume)(struct consumer *c);
};
extern const struct door native_door, kafka_door;

#endif
