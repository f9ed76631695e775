// Appends without a network: what checksum and file cost by themselves.
#define _GNU_SOURCE
#include "floor.h"

#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "millrace_checksum.h"

enum { write_bytes = 256 << 10, sync_bytes = 8 << 20, journal_bytes = 256 << 20 };

static volatile uint32_t checksum;

// Relaxed: batches are checksummed and reach the page cache 256 KiB at a time, and the kernel is
// told to begin writing back every 8 MiB, so that the disk keeps up and memory does not fill.
void run_append(const struct options *o) {
    size_t parts = o->batch_bytes < write_bytes ? write_bytes / o->batch_bytes : 1;
    char *source = allocate_pages(parts * o->batch_bytes, 5);
    struct iovec *vector = calloc(parts, sizeof *vector);
    CHECK(vector != NULL);
    int file = make_file(o, 0);
    CHECK(fallocate(file, FALLOC_FL_KEEP_SIZE, 0, (off_t)o->total_bytes) == 0);

    pin_to_core(0);
    struct stopwatch watch = stopwatch_start();
    size_t offset = 0, synced = 0;
    while (offset < o->total_bytes) {
        for (size_t i = 0; i < parts; i++) {
            vector[i] = (struct iovec){source + i * o->batch_bytes, o->batch_bytes};
            checksum = millrace_crc32c(0, vector[i].iov_base, vector[i].iov_len);
        }
        ssize_t written = pwritev(file, vector, (int)parts, (off_t)offset);
        CHECK(written == (ssize_t)(parts * o->batch_bytes));
        offset += (size_t)written;
        if (offset - synced < sync_bytes) continue;
        CHECK(sync_file_range(file, (off_t)synced, (off_t)(offset - synced),
                              SYNC_FILE_RANGE_WRITE) == 0);
        synced = offset;
    }
    struct cost cost = stopwatch_stop(&watch);
    report("append-relaxed", o, (struct figure[]){COST_FIGURES(cost, offset)}, 2);
    close(file);
}

struct durable {
    struct io_uring ring;
    char *batches;
    uint64_t *submitted_ns;
    size_t batch_bytes, offset;
    int file;
};

static void submit_durable(struct durable *d, unsigned slot) {
    char *batch = d->batches + slot * d->batch_bytes;
    checksum = millrace_crc32c(0, batch, d->batch_bytes);
    struct io_uring_sqe *sqe = io_uring_get_sqe(&d->ring);
    io_uring_prep_write_fixed(sqe, d->file, batch, (unsigned)d->batch_bytes, d->offset, 0);
    sqe->rw_flags = RWF_DSYNC;
    sqe->user_data = slot;
    d->offset = (d->offset + d->batch_bytes) % journal_bytes;
    d->submitted_ns[slot] = now_ns();
}

// Durable: each batch is one O_DIRECT write with DSYNC from a registered buffer into a file whose
// blocks are all written before, with `depth` in flight. Nothing can acknowledge a batch sooner on
// this device.
void run_durable(const struct options *o) {
    struct durable d = {.batch_bytes = o->batch_bytes};
    d.batches = allocate_pages(o->depth * o->batch_bytes, 5);
    d.submitted_ns = calloc(o->depth, sizeof *d.submitted_ns);
    CHECK(d.submitted_ns != NULL);
    d.file = make_written_file(o, journal_bytes, O_DIRECT);
    pin_to_core(0);
    CHECK_RETURN(io_uring_queue_init(o->depth, &d.ring,
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN));
    struct iovec all = {d.batches, o->depth * o->batch_bytes};
    CHECK_RETURN(io_uring_register_buffers(&d.ring, &all, 1));
    struct latencies latencies;
    latencies_init(&latencies, 1 << 22);

    struct stopwatch watch = stopwatch_start();
    uint64_t end = watch.began_ns + (uint64_t)(o->seconds * 1e9);
    size_t count = 0;
    unsigned in_flight = 0;
    for (; in_flight < o->depth; in_flight++) submit_durable(&d, in_flight);
    while (in_flight > 0) {
        CHECK_RETURN(io_uring_submit_and_wait(&d.ring, 1));
        uint64_t now = now_ns();
        struct io_uring_cqe *cqe;
        unsigned head, seen = 0;
        io_uring_for_each_cqe(&d.ring, head, cqe) {
            CHECK_RETURN(cqe->res);
            unsigned slot = (unsigned)cqe->user_data;
            latencies_add(&latencies, now - d.submitted_ns[slot]);
            seen++;
            if (now < end) submit_durable(&d, slot);
            else in_flight--;
        }
        count += seen;
        io_uring_cq_advance(&d.ring, seen);
    }
    struct cost cost = stopwatch_stop(&watch);
    double bytes = (double)(count * o->batch_bytes);
    report("append-durable", o,
           (struct figure[]){COST_FIGURES(cost, bytes),
                             {"appends/s", count / cost.seconds},
                             {"p50-us", latencies_at(&latencies, 0.5)},
                             {"p99-us", latencies_at(&latencies, 0.99)}},
           5);
    io_uring_queue_exit(&d.ring);
    close(d.file);
}
