#ifndef MILLRACE_SIMULATION_H
#define MILLRACE_SIMULATION_H

#include <stdint.h>

/*
 * Watches the Swift runtime's global pool: a job that the simulation's thread gives to it has
 * escaped, since it would run on another thread, at a time that no seed decides.
 */
void millrace_simulation_watch(void);

/* Marks the calling thread as one that simulates, or no longer. */
void millrace_simulation_mark_thread(int is_simulating);

/* Jobs that the calling thread gave to the global pool while it was marked. */
uint64_t millrace_simulation_escapes(void);

#endif
