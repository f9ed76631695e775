#ifndef MILLRACE_EXECUTOR_PROBE_H
#define MILLRACE_EXECUTOR_PROBE_H

#include <stdint.h>

/*
 * Counts the jobs that the Swift runtime gives to its global pool. A shard's tasks must never pass
 * through it: each passage costs as much as a hundred suspensions on the shard. Only what watched
 * threads do is counted, since other tests of the process use the pool as they should. For tests
 * only.
 */
void millrace_probe_install(void);
void millrace_probe_watch_thread(void);
uint64_t millrace_probe_global_enqueues(void);

#endif
