#include "millrace_simulation.h"

#include <stdatomic.h>

/* The runtime's hooks, as swift/Runtime/Concurrency.h declares them. */
typedef __attribute__((swiftcall)) void (*enqueue_function)(void *job);
typedef __attribute__((swiftcall)) void (*enqueue_hook)(void *job, enqueue_function original);
extern enqueue_hook swift_task_enqueueGlobal_hook;

static __thread int simulating;
static __thread uint64_t escapes;
static atomic_flag is_watching = ATOMIC_FLAG_INIT;
/* Whoever hooked the pool before goes on to be asked. */
static enqueue_hook previous;

static __attribute__((swiftcall)) void watch(void *job, enqueue_function original) {
    if (simulating) escapes++;
    if (previous)
        previous(job, original);
    else
        original(job);
}

void millrace_simulation_watch(void) {
    if (atomic_flag_test_and_set(&is_watching)) return;
    previous = swift_task_enqueueGlobal_hook;
    swift_task_enqueueGlobal_hook = watch;
}

void millrace_simulation_mark_thread(int is_simulating) {
    simulating = is_simulating;
}

uint64_t millrace_simulation_escapes(void) { return escapes; }
