// What a run cost both sides. The server's cost is its process clock: one number for all threads,
// io_uring's workers included and those that have ended meanwhile, in nanoseconds. /proc/PID/stat
// counts the same threads in steps of 10 ms, and the finer schedstat of each task forgets the tasks
// that have ended.
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double server_seconds(pid_t server) {
    clockid_t clock;
    int error = clock_getcpuclockid(server, &clock);
    struct timespec t;
    if (error == 0 && clock_gettime(clock, &t) != 0) error = errno;
    if (error != 0) die("the time of process %d cannot be read: %s", server, strerror(error));
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// What a broker still does for bytes it has acknowledged belongs to their cost, and not to that of
// the next run: its time is read when it has been idle, or after two seconds.
static double settled_server_seconds(pid_t server) {
    enum { step_us = 100000, steps_max = 20 };
    static const double idle_seconds = 0.001;
    double before = server_seconds(server);
    for (int i = 0; i < steps_max; i++) {
        usleep(step_us);
        double now = server_seconds(server);
        if (now - before < idle_seconds) return now;
        before = now;
    }
    return before;
}

void meter_start(struct meter *m, const struct load_options *o) {
    *m = (struct meter){.options = o};
    latencies_init(&m->latencies, (size_t)1 << 22);
    if (o->server > 0) m->server_began = settled_server_seconds(o->server);
    m->watch = stopwatch_start();
}

void meter_report(struct meter *m, const char *name) {
    struct cost client = stopwatch_stop(&m->watch);
    double server = 0;
    if (m->options->server > 0)
        server = settled_server_seconds(m->options->server) - m->server_began;
    double bytes = (double)m->bytes, requests = (double)m->requests;
    struct figure figures[10] = {
        {"MB/s", bytes / 1e6 / client.seconds},
        {"client-CPU-s/GB", client.cpu / (bytes / 1e9)},
        {"requests", requests},
        {"requests/s", requests / client.seconds},
    };
    size_t count = 4;
    if (m->latencies.count > 0) {
        figures[count++] = (struct figure){"p50-us", latencies_at(&m->latencies, 0.5)};
        figures[count++] = (struct figure){"p99-us", latencies_at(&m->latencies, 0.99)};
    }
    if (m->options->server > 0) {
        figures[count++] = (struct figure){"CPU-s/GB", server / (bytes / 1e9)};
        figures[count++] = (struct figure){"us-CPU/request", server * 1e6 / requests};
    }
    report(name, &m->options->common, figures, count);
}
