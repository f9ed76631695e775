#ifndef MILLRACE_ALLOCATION_PROBE_H
#define MILLRACE_ALLOCATION_PROBE_H

#include <stdint.h>

/* Counts, for tests, what a thread allocates. Linking this replaces the program's malloc by one that counts and
 * then calls the C library's, so that whatever Swift's runtime allocates is counted, too. */

/* Begins to count the allocations of the calling thread. */
void millrace_allocations_watch(void);

/* Ends it, and returns how many there were. */
uint64_t millrace_allocations_unwatch(void);

#endif
