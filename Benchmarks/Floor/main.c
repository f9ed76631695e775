// floor NAME [--json] [--dir DIR] [--bytes N] [--batch N] [--depth N] [--partitions N] [--seconds
// S]
#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program {
    const char *name, *what;
    void (*run)(const struct options *);
    size_t batch_bytes;
};

static const struct program programs[] = {
    {"append", "checksum + page cache, 256 KiB writes", run_append, 64 << 10},
    {"durable", "checksum + O_DIRECT|DSYNC writes to a pre-written file", run_durable, 4 << 10},
    {"ingest", "receive + checksum + page cache, over loopback", run_ingest, 64 << 10},
    {"sendfile", "a resident file to a loopback socket", run_sendfile, 64 << 10},
    {"echo", "100-byte requests, 64 connections, multishot receive", run_echo, 100},
    {"journal", "durable appends, one journal for all partitions", run_journal, 4 << 10},
    {"per-partition", "durable appends, a sync for each partition", run_per_partition, 4 << 10},
};
enum { program_count = sizeof programs / sizeof programs[0] };

static _Noreturn void usage(void) {
    fprintf(stderr,
            "usage: floor NAME [--json] [--dir DIR] [--bytes N] [--batch N] [--depth N]\n"
            "             [--partitions N] [--seconds S]\n");
    for (int i = 0; i < program_count; i++)
        fprintf(stderr, "  %-14s %s\n", programs[i].name, programs[i].what);
    exit(2);
}

static unsigned long long number(const char *text, unsigned long long most) {
    unsigned long long value = number_in(text, most);
    if (value == 0) usage();
    return value;
}

int main(int count, char **arguments) {
    const struct program *program = NULL;
    for (int i = 0; count > 1 && i < program_count; i++)
        if (strcmp(arguments[1], programs[i].name) == 0) program = &programs[i];
    if (program == NULL) usage();

    struct options o = {
        .directory = ".", .total_bytes = (size_t)1 << 30, .batch_bytes = program->batch_bytes,
        .depth = 64, .partitions = 1, .seconds = 5,
    };
    for (int i = 2; i < count; i++) {
        const char *name = arguments[i];
        if (strcmp(name, "--json") == 0) {
            o.json = true;
            continue;
        }
        const char *value = arguments[++i];  // NULL after the last one
        if (strcmp(name, "--dir") == 0 && value) o.directory = value;
        else if (strcmp(name, "--bytes") == 0) o.total_bytes = number(value, 1ull << 40);
        else if (strcmp(name, "--batch") == 0) o.batch_bytes = number(value, 16 * MIB);
        else if (strcmp(name, "--depth") == 0) o.depth = (unsigned)number(value, 1024);
        else if (strcmp(name, "--partitions") == 0) o.partitions = (unsigned)number(value, 100000);
        else if (strcmp(name, "--seconds") == 0) o.seconds = (double)number(value, 3600);
        else usage();
    }
    program->run(&o);
    return 0;
}
