// load produce|consume --door native|kafka --port N --topic T [options]
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void usage(void) {
    fprintf(stderr,
            "usage: load produce --door native|kafka --port N --topic T [--partitions N]\n"
            "                    [--bytes TOTAL] [--batch BYTES] [--record BYTES]\n"
            "                    [--depth BATCHES] [--acks 1|all]\n"
            "       load consume --door native|kafka --port N --topic T [--partitions N]\n"
            "                    [--bytes TOTAL] [--max-bytes BYTES]\n"
            "both:               [--server-pid PID] [--json]\n"
            "  --record     bytes of a record's value; a batch has as many as it holds\n"
            "  --depth      how many batches are unacknowledged\n"
            "  --acks       what Kafka's door is asked for; the native one knows the topic's\n"
            "               durability alone\n"
            "  --max-bytes  of a fetch (Kafka's), or a subscription's credit (native)\n"
            "  --server-pid whose processor time is told, a GB and a request\n");
    exit(2);
}

static unsigned long long number(const char *text, unsigned long long most) {
    unsigned long long value = number_in(text, most);
    if (value == 0) usage();
    return value;
}

static const struct door *door_named(const char *name) {
    if (strcmp(name, native_door.name) == 0) return &native_door;
    if (strcmp(name, kafka_door.name) == 0) return &kafka_door;
    usage();
}

static int acks_named(const char *name) {
    if (strcmp(name, "1") == 0) return 1;
    if (strcmp(name, "all") == 0) return -1;
    usage();
}

static void set(struct load_options *o, const char *name, const char *value) {
    struct options *common = &o->common;
    if (value == NULL) usage();
    else if (strcmp(name, "--door") == 0) o->door = door_named(value);
    else if (strcmp(name, "--port") == 0) o->port = (unsigned)number(value, 65535);
    else if (strcmp(name, "--topic") == 0) o->topic = value;
    else if (strcmp(name, "--partitions") == 0) common->partitions = (unsigned)number(value, 10000);
    else if (strcmp(name, "--bytes") == 0) common->total_bytes = number(value, 1ull << 40);
    else if (strcmp(name, "--batch") == 0) common->batch_bytes = number(value, 64 * MIB);
    else if (strcmp(name, "--record") == 0) o->record_bytes = number(value, 64 * MIB);
    else if (strcmp(name, "--depth") == 0) common->depth = (unsigned)number(value, 65536);
    else if (strcmp(name, "--acks") == 0) o->acks = acks_named(value);
    else if (strcmp(name, "--max-bytes") == 0) o->max_bytes = number(value, 1 << 30);
    else if (strcmp(name, "--server-pid") == 0) o->server = (pid_t)number(value, INT32_MAX);
    else usage();
}

int main(int count, char **arguments) {
    bool is_produce = count > 1 && strcmp(arguments[1], "produce") == 0;
    if (!is_produce && (count < 2 || strcmp(arguments[1], "consume") != 0)) usage();
    struct load_options o = {
        .common = {
            .total_bytes = (size_t)1 << 30, .batch_bytes = 64 << 10, .depth = 64, .partitions = 1,
        },
        .record_bytes = 1000,
        .acks = -1,
    };
    for (int i = 2; i < count; i++) {
        if (strcmp(arguments[i], "--json") == 0) {
            o.common.json = true;
            continue;
        }
        set(&o, arguments[i], arguments[i + 1]);  // NULL after the last one
        i++;
    }
    if (o.door == NULL || o.port == 0 || o.topic == NULL || strlen(o.topic) > 249) usage();
    // What clients ask for unless they are told otherwise: Kafka's max.partition.fetch.bytes, and
    // the window of Millrace's.
    if (o.max_bytes == 0) o.max_bytes = o.door == &kafka_door ? MIB : 4 * MIB;
    pin_to_core(1);
    if (is_produce) run_produce(&o);
    else run_consume(&o);
    return 0;
}
