// A closed loop: as many batches are unacknowledged as may be. A latency begins when the first byte
// of a request is sent and ends when its answer is read.
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool may_begin(const struct producer *p) {
    return p->begun < p->wanted && p->begun - p->acknowledged < p->options->common.depth
           && p->call_credit > 0 && p->connection_credit > 0;
}

static void begin(struct producer *p) {
    uint64_t number = p->begun++;
    p->head = (struct writer){p->head_memory, 0, sizeof p->head_memory};
    p->options->door->write_head(p, number, (unsigned)(number % p->options->common.partitions));
    p->call_credit -= (int64_t)p->batch.count;
    p->connection_credit -= (int64_t)p->batch.count;
    p->sent_bytes = 0;
    p->is_sending = true;
    p->sent_ns[number % p->options->common.depth] = now_ns();
}

// Whether the socket took all that is left of the request.
static bool send_rest(struct producer *p) {
    size_t head_sent = p->sent_bytes < p->head.count ? p->sent_bytes : p->head.count;
    size_t batch_sent = p->sent_bytes - head_sent;
    struct iovec parts[] = {
        {p->head.bytes + head_sent, p->head.count - head_sent},
        {p->batch.bytes + batch_sent, p->batch.count - batch_sent},
    };
    p->sent_bytes += connection_try_write(&p->connection, parts, 2);
    p->is_sending = p->sent_bytes < p->head.count + p->batch.count;
    return !p->is_sending;
}

void producer_acknowledged(struct producer *p, uint64_t number) {
    if (p->acknowledged == p->begun || number != p->acknowledged)
        die("the broker answers batch %llu while batch %llu is due", (unsigned long long)number,
            (unsigned long long)p->acknowledged);
    latencies_add(&p->meter.latencies,
                  now_ns() - p->sent_ns[number % p->options->common.depth]);
    p->acknowledged++;
    p->meter.bytes += p->batch.count;
    p->meter.requests++;
}

static void produce_all(struct producer *p) {
    while (p->acknowledged < p->wanted) {
        bool is_full = false;
        while (!is_full && (p->is_sending || may_begin(p))) {
            if (!p->is_sending) begin(p);
            is_full = !send_rest(p);
        }
        // What has begun to come in comes whole, whether this side sends or not.
        if (is_full && !connection_has_bytes(&p->connection) && !connection_wait(&p->connection))
            continue;
        do p->options->door->receive(p);
        while (connection_has_bytes(&p->connection));
    }
}

void run_produce(const struct load_options *o) {
    static struct producer p;
    p.options = o;
    p.batch = batch_build(o->common.batch_bytes, o->record_bytes);
    p.wanted = (o->common.total_bytes + p.batch.count - 1) / p.batch.count;
    p.sent_ns = calloc(o->common.depth, sizeof *p.sent_ns);
    CHECK(p.sent_ns != NULL);
    p.call_credit = p.connection_credit = INT64_MAX;
    snprintf(p.connection.asked, sizeof p.connection.asked,
             "produce batches of %zu bytes to topic '%.249s'", p.batch.count, o->topic);
    connection_open(&p.connection, o->port);
    o->door->open_produce(&p);
    meter_start(&p.meter, o);
    produce_all(&p);
    char name[64];
    snprintf(name, sizeof name, "produce-%s", o->door->name);
    meter_report(&p.meter, name);
    close(p.connection.socket);
}
