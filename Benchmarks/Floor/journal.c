// Durable appends to many partitions, in two ways.
//
// Per partition: each partition writes what waits for it and syncs its file; one sync at a time and
// partition.
//
// Journal: what waits for all partitions goes into a group, and a group is one O_DIRECT + DSYNC
// write of a registered buffer to a pre-written file, two in flight, acknowledged in order. The
// partitions' files are written through the page cache at the same time. The journal has two
// halves: when one is full, the files it covers are synced in the background, and only then is it
// written again.
#define _GNU_SOURCE
#include "partitions.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "millrace_checksum.h"

enum {
    half_bytes = 256 << 20,
    groups = 2,
    syncs_in_flight_max = 8,
    page = 4096,
};

// user_data: what completed, and which.
enum { kind_sync = 1, kind_group = 2 };
static uint64_t tagged(uint64_t kind, uint32_t index) { return kind << 32 | index; }

static unsigned complete(struct load *l, void (*handle)(void *, unsigned, uint32_t), void *context) {
    CHECK_RETURN(io_uring_submit_and_wait(&l->ring, 1));
    struct io_uring_cqe *cqe;
    unsigned head, seen = 0;
    io_uring_for_each_cqe(&l->ring, head, cqe) {
        CHECK_RETURN(cqe->res);
        handle(context, (unsigned)(cqe->user_data >> 32), (uint32_t)cqe->user_data);
        seen++;
    }
    io_uring_cq_advance(&l->ring, seen);
    return seen;
}

static void partition_synced(void *context, unsigned kind, uint32_t partition) {
    (void)kind;
    struct load *l = context;
    struct partition *p = &l->partitions[partition];
    uint32_t list = p->syncing;
    p->syncing = nobody;
    p->is_busy = false;
    load_acknowledge(l, list);
    load_requeue(l, partition);
}

void run_per_partition(const struct options *o) {
    struct load l;
    load_open(&l, o);
    load_begin(&l);
    while (l.in_flight > 0) {
        for (uint32_t i = load_next(&l); i != nobody; i = load_next(&l)) {
            l.partitions[i].is_busy = true;
            l.partitions[i].syncing = load_take(&l, i);
            load_write(&l, i, l.partitions[i].syncing);
            load_sync(&l, i, tagged(kind_sync, i));
        }
        complete(&l, partition_synced, &l);
    }
    load_report(&l, "per-partition");
}

// Stands before each batch in the journal, so that a recovery could tell what belongs where.
struct entry {
    uint32_t bytes, partition;
    uint64_t offset;
    uint32_t generation, checksum;
};

struct group {
    char *buffer;
    uint32_t first;  // its batches
    bool is_written;
};

// A half of the journal: the partitions it covers, and how many of them have been synced since it
// was full.
struct half {
    uint32_t *covered;
    uint32_t count, begun, synced;
    bool is_full;
};

struct journal {
    struct load load;
    int file;
    off_t position;  // within the half
    uint32_t generation;
    struct half halves[2];
    struct group groups[groups];
    unsigned oldest, in_flight;  // groups
    unsigned syncs_in_flight;
};

static void journal_open(struct journal *j, const struct options *o) {
    load_open(&j->load, o);
    size_t group_bytes = o->depth * (sizeof(struct entry) + o->batch_bytes) + page;
    group_bytes = (group_bytes + page - 1) / page * page;
    struct iovec registered[groups];
    for (unsigned i = 0; i < groups; i++) {
        j->groups[i].buffer = allocate_pages(group_bytes, 0);
        registered[i] = (struct iovec){j->groups[i].buffer, group_bytes};
    }
    CHECK_RETURN(io_uring_register_buffers(&j->load.ring, registered, groups));
    for (unsigned i = 0; i < 2; i++) {
        j->halves[i].covered = calloc(o->partitions, sizeof(uint32_t));
        CHECK(j->halves[i].covered != NULL);
    }
    j->file = make_written_file(o, 2 * (size_t)half_bytes, O_DIRECT);
    j->generation = 1;
}

static void cover(struct journal *j, uint32_t partition) {
    struct partition *p = &j->load.partitions[partition];
    if (p->dirty_since == j->generation) return;
    p->dirty_since = j->generation;
    struct half *half = &j->halves[j->generation % 2];
    half->covered[half->count++] = partition;
}

// Keeps some syncs of the full half in flight: all at once would stand in the way of the journal's
// writes.
static void sync_in_background(struct journal *j) {
    struct half *half = &j->halves[(j->generation + 1) % 2];
    while (half->is_full && half->begun < half->count
           && j->syncs_in_flight < syncs_in_flight_max) {
        load_sync(&j->load, half->covered[half->begun++], tagged(kind_sync, 0));
        j->syncs_in_flight++;
    }
}

// Whether a group of so many bytes has a place, at the end of this half or at the start of the
// other one.
static bool has_place(struct journal *j, size_t bytes) {
    if ((size_t)j->position + bytes <= half_bytes) return true;
    if (j->halves[(j->generation + 1) % 2].is_full) return false;
    j->halves[j->generation % 2].is_full = true;
    j->generation++;
    j->halves[j->generation % 2] =
        (struct half){.covered = j->halves[j->generation % 2].covered};
    j->position = 0;
    return true;
}

static size_t add_batches(struct journal *j, struct group *g, size_t length, uint32_t list) {
    struct load *l = &j->load;
    size_t bytes = l->options->batch_bytes;
    uint64_t offset = (uint64_t)l->partitions[l->slots[list].partition].offset;
    for (uint32_t i = list; i != nobody; i = l->slots[i].next) {
        struct entry entry = {(uint32_t)bytes, l->slots[i].partition, offset, j->generation, 0};
        entry.checksum = millrace_crc32c(0, &entry, sizeof entry);
        memcpy(g->buffer + length, &entry, sizeof entry);
        memcpy(g->buffer + length + sizeof entry, l->batches + i * bytes, bytes);
        length += sizeof entry + bytes;
        offset += bytes;
    }
    return length;
}

// Everything that waits, of all partitions, becomes one group. Its device write is submitted before
// the partitions' files are written, so that the two go on at the same time.
static void write_group(struct journal *j) {
    struct load *l = &j->load;
    unsigned index = (j->oldest + j->in_flight) % groups;
    struct group *g = &j->groups[index];
    g->first = nobody;
    g->is_written = false;
    size_t length = 0;
    uint32_t count = l->queue_count, lists[count];
    for (uint32_t n = 0; n < count; n++) {
        uint32_t partition = load_next(l);
        lists[n] = load_take(l, partition);
        cover(j, partition);
        length = add_batches(j, g, length, lists[n]);
    }
    length = (length + page - 1) / page * page;
    struct io_uring_sqe *sqe = io_uring_get_sqe(&l->ring);
    CHECK(sqe != NULL);
    off_t begin = (off_t)(j->generation % 2) * half_bytes + j->position;
    io_uring_prep_write_fixed(sqe, j->file, g->buffer, (unsigned)length, (uint64_t)begin, (int)index);
    sqe->rw_flags = RWF_DSYNC;
    sqe->user_data = tagged(kind_group, index);
    j->position += (off_t)length;
    j->in_flight++;
    CHECK_RETURN(io_uring_submit(&l->ring));

    uint32_t last = nobody;
    for (uint32_t n = 0; n < count; n++) {
        load_write(l, l->slots[lists[n]].partition, lists[n]);
        if (last == nobody) g->first = lists[n];
        else l->slots[last].next = lists[n];
        for (last = lists[n]; l->slots[last].next != nobody;) last = l->slots[last].next;
    }
}

static void journal_completed(void *context, unsigned kind, uint32_t index) {
    struct journal *j = context;
    if (kind == kind_group) {
        j->groups[index].is_written = true;
        return;
    }
    struct half *half = &j->halves[(j->generation + 1) % 2];
    j->syncs_in_flight--;
    if (++half->synced == half->count) half->is_full = false;
}

// A group is durable when those before it are, too: recovery cuts at the first gap.
static void acknowledge_in_order(struct journal *j) {
    while (j->in_flight > 0 && j->groups[j->oldest].is_written) {
        uint32_t list = j->groups[j->oldest].first;
        j->oldest = (j->oldest + 1) % groups;
        j->in_flight--;
        load_acknowledge(&j->load, list);
    }
}

void run_journal(const struct options *o) {
    static struct journal j;
    journal_open(&j, o);
    size_t group_bytes_max = o->depth * (sizeof(struct entry) + o->batch_bytes) + page;
    load_begin(&j.load);
    while (j.load.in_flight > 0) {
        if (j.load.queue_count > 0 && j.in_flight < groups && has_place(&j, group_bytes_max))
            write_group(&j);
        sync_in_background(&j);
        complete(&j.load, journal_completed, &j);
        acknowledge_in_order(&j);
    }
    load_report(&j.load, "journal");
    close(j.file);
}
