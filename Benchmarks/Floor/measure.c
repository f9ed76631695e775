// Clocks, costs and their lines of output.
#define _GNU_SOURCE
#include "floor.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

_Noreturn void fail_with(const char *file, int line, const char *what, int error) {
    fprintf(stderr, "%s: %s:%d: %s: %s\n", program_invocation_short_name, file, line, what,
            strerror(error));
    exit(1);
}

_Noreturn void fail(const char *file, int line, const char *what) {
    fail_with(file, line, what, errno);
}

uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// io_uring's workers are threads of this process, so that their time is in it.
static double cpu_seconds(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

struct stopwatch stopwatch_start(void) {
    return (struct stopwatch){now_ns(), cpu_seconds()};
}

struct cost stopwatch_stop(const struct stopwatch *watch) {
    return (struct cost){(now_ns() - watch->began_ns) / 1e9, cpu_seconds() - watch->began_cpu};
}

void pin_to_core(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    // A machine of one core runs server and load on it: slower, but not wrong.
    (void)sched_setaffinity(0, sizeof set, &set);
}

void *allocate_pages(size_t bytes, int fill) {
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    memset(pages, fill, bytes);
    return pages;
}

void latencies_init(struct latencies *l, size_t capacity) {
    *l = (struct latencies){allocate_pages(capacity * sizeof(uint32_t), 1), 0, capacity};
}

void latencies_add(struct latencies *l, uint64_t ns) {
    if (l->count < l->capacity) l->microseconds[l->count++] = (uint32_t)(ns / 1000);
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

double latencies_at(struct latencies *l, double quantile) {
    if (l->count == 0) return 0;
    qsort(l->microseconds, l->count, sizeof *l->microseconds, ascending);
    return l->microseconds[(size_t)(quantile * (l->count - 1))];
}

void report(const char *name, const struct options *o, const struct figure *figures, size_t count) {
    printf(o->json ? "{\"name\": \"%s\"" : "%s:", name);
    for (size_t i = 0; i < count; i++)
        printf(o->json ? ", \"%2$s\": %1$.3f" : " %.3f %s", figures[i].value, figures[i].unit);
    printf(o->json ? "}\n" : "\n");
    fflush(stdout);
}
