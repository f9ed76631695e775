// The native protocol (NativeProtocol.md of MillraceNativeProtocol): as much of it as it takes to
// produce to one topic and to subscribe to its partitions.
#include "load.h"

#include <stdlib.h>
#include <string.h>

enum { kind_call = 1, kind_message, kind_credit, kind_end, kind_cancel, kind_ping, kind_goaway };
enum { method_produce = 0x0201, method_subscribe = 0x0301 };
enum { produce_stream = 1, frame_bytes = 16 };

struct frame {
    size_t length, attachment;
    uint32_t stream;
    unsigned kind;
};

// ---- Frames ------------------------------------------------------------------------------------

static void put_frame(struct writer *w, uint32_t stream, unsigned kind, unsigned method) {
    put_little(w, 0, 4);  // the length, which end_frame knows
    put_little(w, stream, 4);
    put_little(w, kind, 1);
    put_little(w, 0, 1);
    put_little(w, method, 2);
    put_little(w, 0, 4);
}

static void end_frame(struct writer *w, size_t start, size_t attachment) {
    patch_little(w, start, (uint32_t)(w->count - start - frame_bytes + attachment));
    patch_little(w, start + 12, (uint32_t)attachment);
}

static void put_field(struct writer *w, unsigned number, uint64_t value) {
    put_varint(w, number << 3);
    put_varint(w, value);
}

static void put_bytes_field(struct writer *w, unsigned number, const void *bytes, size_t count) {
    put_varint(w, number << 3 | 2);
    put_varint(w, count);
    put_bytes(w, bytes, count);
}

static struct frame read_frame(struct connection *c) {
    struct reader r = connection_reader(c, frame_bytes);
    struct frame frame = {.length = get_little(&r, 4), .stream = (uint32_t)get_little(&r, 4)};
    frame.kind = (unsigned)get_little(&r, 1);
    get_bytes(&r, 3);
    frame.attachment = get_little(&r, 4);
    if (frame.attachment > frame.length) die("the broker's frame is shorter than its attachment");
    return frame;
}

struct field {
    unsigned number;
    uint64_t value;
    struct reader bytes;  // of a field that has a length
};

static bool next_field(struct reader *r, struct field *field) {
    if (r->at == r->end) return false;
    uint64_t tag = get_varint(r);
    *field = (struct field){.number = (unsigned)(tag >> 3)};
    switch (tag & 7) {
    case 0: field->value = get_varint(r); break;
    case 1: get_bytes(r, 8); break;
    case 2: field->bytes = get_bytes(r, get_varint(r)); break;
    case 5: get_bytes(r, 4); break;
    default: die("the broker's message has a field of wire type %u", (unsigned)(tag & 7));
    }
    return true;
}

// A Status is bad news, unless it is the OK of an END.
static void check_status(const struct connection *c, struct reader status) {
    uint64_t code = 0;
    struct reader message = {0};
    for (struct field field; next_field(&status, &field);) {
        if (field.number == 1) code = field.value;
        if (field.number == 2) message = field.bytes;
    }
    if (code != 0)
        die("the broker says code %llu: %.*s; it was asked to %s", (unsigned long long)code,
            (int)(message.end - message.at), (const char *)message.at, c->asked);
}

static _Noreturn void die_of(const struct frame *frame, struct connection *c) {
    if (frame->kind == kind_goaway) check_status(c, connection_reader(c, frame->length));
    if (frame->kind == kind_ping) die("nothing has come or gone for a minute: %s", c->asked);
    die("the broker sends a frame of kind %u for stream %u; it was asked to %s", frame->kind,
        frame->stream, c->asked);
}

static void greet(struct connection *c) {
    uint8_t memory[8];
    struct writer w = {memory, 0, sizeof memory};
    put_bytes(&w, "MLRC", 4);
    put_little(&w, 1, 2);
    put_little(&w, 0, 2);
    connection_write(c, &w);
    if (memcmp(connection_read(c, sizeof memory), memory, 6) != 0)
        die("what listens there does not speak version 1 of the native protocol");
}

// ---- Produce -----------------------------------------------------------------------------------

static void open_produce(struct producer *p) {
    enum { call_window = 4 << 20, connection_window = 16 << 20 };
    p->call_credit = call_window;
    p->connection_credit = connection_window;
    greet(&p->connection);
    uint8_t memory[head_bytes];
    struct writer w = {memory, 0, sizeof memory};
    put_frame(&w, produce_stream, kind_call, method_produce);
    put_bytes_field(&w, 1, p->options->topic, strlen(p->options->topic));
    end_frame(&w, 0, 0);
    connection_write(&p->connection, &w);
}

static void write_head(struct producer *p, uint64_t number, unsigned partition) {
    put_frame(&p->head, produce_stream, kind_message, 0);
    put_field(&p->head, 1, partition);
    put_field(&p->head, 2, number);
    end_frame(&p->head, 0, p->batch.count);
}

static void receive_acknowledgement(struct producer *p, size_t length) {
    struct reader r = connection_reader(&p->connection, length);
    uint64_t number = 0;
    for (struct field field; next_field(&r, &field);) {
        if (field.number == 1) number = field.value;
        if (field.number == 5) check_status(&p->connection, field.bytes);
    }
    producer_acknowledged(p, number);
}

static void receive(struct producer *p) {
    struct frame frame = read_frame(&p->connection);
    bool is_of_call = frame.stream == produce_stream;
    if (frame.kind == kind_message && is_of_call)
        return receive_acknowledgement(p, frame.length);
    if (frame.kind == kind_credit && (is_of_call || frame.stream == 0)) {
        struct reader r = connection_reader(&p->connection, frame.length);
        int64_t *credit = is_of_call ? &p->call_credit : &p->connection_credit;
        *credit += (int64_t)get_little(&r, 4);
        return;
    }
    if (frame.kind == kind_end && is_of_call) {
        check_status(&p->connection, connection_reader(&p->connection, frame.length));
        die("the broker ends the call early; it was asked to %s", p->connection.asked);
    }
    die_of(&frame, &p->connection);
}

// ---- Subscribe ---------------------------------------------------------------------------------

struct subscription {
    uint32_t stream;
    size_t unread;    // bytes since the last credit
    size_t received;  // since the beginning of the log
};

static void subscribe(struct consumer *c, struct subscription *s, unsigned partition,
                      uint32_t stream) {
    *s = (struct subscription){.stream = stream};
    uint8_t memory[head_bytes];
    struct writer w = {memory, 0, sizeof memory};
    put_frame(&w, stream, kind_call, method_subscribe);
    put_bytes_field(&w, 1, c->options->topic, strlen(c->options->topic));
    put_field(&w, 2, partition);
    put_field(&w, 5, c->options->max_bytes);
    end_frame(&w, 0, 0);
    connection_write(&c->connection, &w);
}

// Half a window at a time: the broker goes on meanwhile with the other half.
static void grant(struct consumer *c, struct subscription *s) {
    if (s->unread < (c->options->max_bytes + 1) / 2) return;
    uint8_t memory[frame_bytes + 4];
    struct writer w = {memory, 0, sizeof memory};
    put_frame(&w, s->stream, kind_credit, 0);
    put_little(&w, s->unread, 4);
    end_frame(&w, 0, 0);
    connection_write(&c->connection, &w);
    s->unread = 0;
}

static void receive_records(struct consumer *c, struct subscription *s, const struct frame *frame) {
    connection_skip(&c->connection, frame->length);
    // The first message says where the subscription stands, and has no records.
    if (frame->attachment == 0) return;
    c->meter.bytes += frame->attachment;
    c->meter.requests++;
    s->received += frame->attachment;
    s->unread += frame->attachment;
    grant(c, s);
}

static void consume(struct consumer *c) {
    unsigned count = c->options->common.partitions;
    struct subscription *all = calloc(count, sizeof *all);
    CHECK(all != NULL);
    greet(&c->connection);
    uint32_t stream = 1;
    for (unsigned i = 0; i < count; i++, stream += 2) subscribe(c, &all[i], i, stream);
    size_t empty = 0;  // in a row
    while (c->meter.bytes < c->options->common.total_bytes) {
        struct frame frame = read_frame(&c->connection);
        unsigned i = 0;
        while (i < count && all[i].stream != frame.stream) i++;
        if (i < count && frame.kind == kind_message) {
            receive_records(c, &all[i], &frame);
        } else if (i < count && frame.kind == kind_end) {
            check_status(&c->connection, connection_reader(&c->connection, frame.length));
            empty = all[i].received == 0 ? empty + 1 : 0;
            if (empty == count) die("there are no records to %s", c->connection.asked);
            subscribe(c, &all[i], i, stream);
            stream += 2;
        } else {
            die_of(&frame, &c->connection);
        }
    }
    free(all);
}

const struct door native_door = {
    .name = "native", .open_produce = open_produce, .write_head = write_head, .receive = receive,
    .consume = consume,
};
