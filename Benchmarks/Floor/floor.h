// The floor: the least work that does a job, in plain C, so that a server can be told how far above
// it it lies.
#ifndef FLOOR_H
#define FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

struct options {
    const char *directory;  // where files are made; they are removed again
    size_t total_bytes;     // what a run moves
    size_t batch_bytes;     // what is checksummed, or acknowledged, at once
    unsigned depth;         // how many batches are in flight
    unsigned partitions;
    double seconds;
    bool json;
};

// Ends the program with the reason when an act failed: a floor that goes on after an error measures
// nothing.
#define CHECK(ok) \
    do { \
        if (!(ok)) fail(__FILE__, __LINE__, #ok); \
    } while (0)
// For liburing, which returns -errno.
#define CHECK_RETURN(call) \
    do { \
        int result_ = (call); \
        if (result_ < 0) fail_with(__FILE__, __LINE__, #call, -result_); \
    } while (0)
_Noreturn void fail(const char *file, int line, const char *what);
_Noreturn void fail_with(const char *file, int line, const char *what, int error);

// The number an argument is: 1 to `most`, or 0 where it is none of these (or NULL).
unsigned long long number_in(const char *text, unsigned long long most);

// What the work between two points cost this process and its kernel workers (not the kernel's own
// threads).
struct stopwatch {
    uint64_t began_ns;
    double began_cpu;
};
struct cost {
    double seconds, cpu;
};
uint64_t now_ns(void);
struct stopwatch stopwatch_start(void);
struct cost stopwatch_stop(const struct stopwatch *watch);

void pin_to_core(int core);
void *allocate_pages(size_t bytes, int fill);

// Latencies of acknowledgements; room for the first `capacity`.
struct latencies {
    uint32_t *microseconds;
    size_t count, capacity;
};
void latencies_init(struct latencies *l, size_t capacity);
void latencies_add(struct latencies *l, uint64_t ns);
double latencies_at(struct latencies *l, double quantile);

// One line of output: report("append", options, (struct figure[]){{"MB/s", 1}}, 1).
struct figure {
    const char *unit;
    double value;
};
void report(const char *name, const struct options *o, const struct figure *figures, size_t count);
// The figures all runs that move bytes have.
#define COST_FIGURES(cost, bytes) \
    {"MB/s", (bytes) / 1e6 / (cost).seconds}, {"CPU-s/GB", (cost).cpu / ((bytes) / 1e9)}

// Files, made in the directory of the options and removed as soon as they are open.
int make_file(const struct options *o, int flags);
int make_written_file(const struct options *o, size_t bytes, int flags);
void write_fully(int file, const void *bytes, size_t count, off_t offset);

// A pair of connected loopback sockets: the child runs `load` on core 1 and ends, the caller stays
// on core 0.
typedef void load_function(int *sockets, unsigned count, const struct options *o);
pid_t start_load(load_function *load, int *sockets, unsigned count, const struct options *o);
void await_load(pid_t load);

void run_append(const struct options *o);
void run_durable(const struct options *o);
void run_ingest(const struct options *o);
void run_sendfile(const struct options *o);
void run_echo(const struct options *o);
void run_journal(const struct options *o);
void run_per_partition(const struct options *o);

#endif
