#define _GNU_SOURCE
#include "partitions.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "millrace_checksum.h"

static volatile uint32_t checksum;

static void open_partitions(struct load *l) {
    const struct options *o = l->options;
    struct rlimit files;
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);

    size_t reserved = 2 * o->total_bytes / o->partitions;
    for (unsigned i = 0; i < o->partitions; i++) {
        int file = make_file(o, 0);
        CHECK(fallocate(file, FALLOC_FL_KEEP_SIZE, 0, (off_t)reserved) == 0);
        l->partitions[i] = (struct partition){
            .file = file, .first = nobody, .last = nobody, .syncing = nobody};
    }
    sync();
}

void load_open(struct load *l, const struct options *o) {
    *l = (struct load){.options = o, .random = 88172645463325252};
    l->slots = calloc(o->depth, sizeof *l->slots);
    l->partitions = calloc(o->partitions, sizeof *l->partitions);
    l->queue = calloc(o->partitions, sizeof *l->queue);
    l->vector = calloc(o->depth, sizeof *l->vector);
    CHECK(l->slots && l->partitions && l->queue && l->vector);
    l->batches = allocate_pages(o->depth * o->batch_bytes, 5);
    latencies_init(&l->latencies, 1 << 21);
    open_partitions(l);
    pin_to_core(0);
    CHECK_RETURN(io_uring_queue_init(4096, &l->ring,
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN));
}

static void enqueue(struct load *l, uint32_t partition) {
    if (l->partitions[partition].is_queued || l->partitions[partition].is_busy) return;
    l->partitions[partition].is_queued = true;
    l->queue[(l->queue_first + l->queue_count++) % l->options->partitions] = partition;
}

static void arrive(struct load *l, uint32_t slot) {
    // Marsaglia's xorshift: the same order in every run.
    l->random ^= l->random << 13;
    l->random ^= l->random >> 7;
    l->random ^= l->random << 17;
    uint32_t partition = (uint32_t)(l->random % l->options->partitions);
    size_t bytes = l->options->batch_bytes;
    checksum = millrace_crc32c(0, l->batches + slot * bytes, bytes);
    l->slots[slot] = (struct slot){nobody, partition, now_ns()};
    struct partition *p = &l->partitions[partition];
    if (p->first == nobody) p->first = slot;
    else l->slots[p->last].next = slot;
    p->last = slot;
    l->in_flight++;
    enqueue(l, partition);
}

void load_begin(struct load *l) {
    l->watch = stopwatch_start();
    l->end_ns = l->watch.began_ns + (uint64_t)(l->options->seconds * 1e9);
    for (uint32_t i = 0; i < l->options->depth; i++) arrive(l, i);
}

uint32_t load_next(struct load *l) {
    if (l->queue_count == 0) return nobody;
    uint32_t partition = l->queue[l->queue_first];
    l->queue_first = (l->queue_first + 1) % l->options->partitions;
    l->queue_count--;
    l->partitions[partition].is_queued = false;
    return partition;
}

uint32_t load_take(struct load *l, uint32_t partition) {
    struct partition *p = &l->partitions[partition];
    uint32_t list = p->first;
    p->first = p->last = nobody;
    return list;
}

void load_requeue(struct load *l, uint32_t partition) {
    if (l->partitions[partition].first != nobody) enqueue(l, partition);
}

void load_write(struct load *l, uint32_t partition, uint32_t list) {
    size_t bytes = l->options->batch_bytes;
    int count = 0;
    for (uint32_t i = list; i != nobody; i = l->slots[i].next)
        l->vector[count++] = (struct iovec){l->batches + i * bytes, bytes};
    struct partition *p = &l->partitions[partition];
    ssize_t written = pwritev(p->file, l->vector, count, p->offset);
    CHECK(written == (ssize_t)(count * bytes));
    p->offset += written;
}

void load_acknowledge(struct load *l, uint32_t list) {
    uint64_t now = now_ns();
    while (list != nobody) {
        uint32_t slot = list;
        list = l->slots[slot].next;
        latencies_add(&l->latencies, now - l->slots[slot].arrived_ns);
        l->acknowledged++;
        l->in_flight--;
        size_t begun = (l->acknowledged + l->in_flight) * l->options->batch_bytes;
        if (now < l->end_ns && begun < l->options->total_bytes) arrive(l, slot);
    }
}

void load_sync(struct load *l, uint32_t partition, uint64_t user_data) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(&l->ring);
    CHECK(sqe != NULL);
    io_uring_prep_fsync(sqe, l->partitions[partition].file, IORING_FSYNC_DATASYNC);
    sqe->user_data = user_data;
}

// What has been acknowledged but lies in the page cache still has to reach its segment: that
// belongs to the cost, and to the rate that can be sustained.
void load_report(struct load *l, const char *name) {
    struct cost acknowledged = stopwatch_stop(&l->watch);
    for (unsigned i = 0; i < l->options->partitions; i++)
        CHECK(fdatasync(l->partitions[i].file) == 0);
    struct cost all = stopwatch_stop(&l->watch);
    double bytes = (double)(l->acknowledged * l->options->batch_bytes);
    char full_name[64];
    snprintf(full_name, sizeof full_name, "%s-%u", name, l->options->partitions);
    report(full_name, l->options,
           (struct figure[]){{"MB/s", bytes / 1e6 / acknowledged.seconds},
                             {"sustained-MB/s", bytes / 1e6 / all.seconds},
                             {"CPU-s/GB", all.cpu / (bytes / 1e9)},
                             {"appends/s", l->acknowledged / acknowledged.seconds},
                             {"p50-us", latencies_at(&l->latencies, 0.5)},
                             {"p99-us", latencies_at(&l->latencies, 0.99)}},
           6);
    for (unsigned i = 0; i < l->options->partitions; i++) close(l->partitions[i].file);
    io_uring_queue_exit(&l->ring);
}
