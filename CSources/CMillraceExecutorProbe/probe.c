#include "millrace_executor_probe.h"

#include <stdatomic.h>

/* The runtime's hooks, as swift/Runtime/Concurrency.h declares them. */
typedef __attribute__((swiftcall)) void (*enqueue_function)(void *job);
typedef __attribute__((swiftcall)) void (*enqueue_hook)(void *job, enqueue_function original);
extern enqueue_hook swift_task_enqueueGlobal_hook;

static _Atomic uint64_t count;
static __thread int is_watched;
static atomic_flag is_installed = ATOMIC_FLAG_INIT;
/* Whoever hooked the pool before goes on to be asked. */
static enqueue_hook previous;

static __attribute__((swiftcall)) void count_enqueue(void *job, enqueue_function original) {
    if (is_watched) atomic_fetch_add(&count, 1);
    if (previous)
        previous(job, original);
    else
        original(job);
}

void millrace_probe_install(void) {
    if (atomic_flag_test_and_set(&is_installed)) return;
    previous = swift_task_enqueueGlobal_hook;
    swift_task_enqueueGlobal_hook = count_enqueue;
}

void millrace_probe_watch_thread(void) { is_watched = 1; }

uint64_t millrace_probe_global_enqueues(void) { return atomic_load(&count); }
