// Batches that arrive for random partitions, `depth` of them unacknowledged at any time.
#ifndef PARTITIONS_H
#define PARTITIONS_H

#include "floor.h"

#include <liburing.h>

enum { nobody = UINT32_MAX };

// A batch between its arrival and its acknowledgement.
struct slot {
    uint32_t next;  // of the same partition, or group
    uint32_t partition;
    uint64_t arrived_ns;
};

struct partition {
    int file;
    off_t offset;
    uint32_t first, last;    // batches that wait
    uint32_t syncing;        // batches whose sync is in flight
    bool is_queued, is_busy;
    uint32_t dirty_since;    // the journal's generation that counts on this partition's next sync
};

struct load {
    const struct options *options;
    struct io_uring ring;
    struct slot *slots;
    char *batches;
    struct partition *partitions;
    uint32_t *queue;  // partitions with waiting batches, a circle
    uint32_t queue_first, queue_count;
    struct iovec *vector;
    struct latencies latencies;
    struct stopwatch watch;
    uint64_t end_ns, random;
    size_t acknowledged, in_flight;
};

void load_open(struct load *l, const struct options *o);
// Lets all slots arrive: the clock runs from here.
void load_begin(struct load *l);
// The next partition with waiting batches, taken from the queue; `nobody` when there is none.
uint32_t load_next(struct load *l);
// The partition's waiting batches, which are now the caller's: a list by `next`.
uint32_t load_take(struct load *l, uint32_t partition);
void load_requeue(struct load *l, uint32_t partition);
// One pwritev of the list to the partition's file.
void load_write(struct load *l, uint32_t partition, uint32_t list);
// Acknowledges the list; each slot arrives anew, somewhere else, until time or bytes are used up.
void load_acknowledge(struct load *l, uint32_t list);
void load_sync(struct load *l, uint32_t partition, uint64_t user_data);
void load_report(struct load *l, const char *name);

#endif
