#define _GNU_SOURCE
#include "millrace_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int64_t millrace_sendfile(int socket, int file, uint64_t offset, size_t count) {
    off_t position = (off_t)offset;
    ssize_t sent = sendfile(socket, file, &position, count);
    return sent < 0 ? -(int64_t)errno : sent;
}

#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

struct cachestat_range {
    uint64_t offset;
    uint64_t length;
};

struct cachestat_result {
    uint64_t cached, dirty, writeback, evicted, recently_evicted;
};

bool millrace_is_resident(int file, uint64_t offset, uint64_t count) {
    if (count == 0) return true;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t first = offset / page, last = (offset + count - 1) / page;
    struct cachestat_range range = {first * page, (last - first + 1) * page};
    struct cachestat_result result;
    /* cachestat came with Linux 6.5. */
    if (syscall(SYS_cachestat, file, &range, &result, 0u) == 0) {
        return result.cached == last - first + 1;
    }
    /* Before it, asking for each end's byte without waiting is a good guess: pages leave in runs.
       */
    char byte;
    struct iovec one = {&byte, 1};
    return preadv2(file, &one, 1, (off_t)offset, RWF_NOWAIT) == 1 &&
           preadv2(file, &one, 1, (off_t)(offset + count - 1), RWF_NOWAIT) == 1;
}

int64_t millrace_write_slices_now(
    int file, const millrace_slice *slices, unsigned count, uint64_t offset) {
    ssize_t written = pwritev(file, (const struct iovec *)slices, (int)count, (off_t)offset);
    return written < 0 ? -(int64_t)errno : written;
}

int millrace_start_writeback(int file, uint64_t offset, uint64_t count) {
    int result = sync_file_range(file, (off_t)offset, (off_t)count, SYNC_FILE_RANGE_WRITE);
    return result < 0 ? -errno : 0;
}

int millrace_lock(int file) {
    /* An open-file-description lock: it goes with the process however that ends, and a second open
       in the
       same process is refused too. */
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(file, F_OFD_SETLK, &whole) == 0) return 0;
    return errno == EACCES ? -EAGAIN : -errno;
}

int millrace_pipe(int ends[2], int bytes) {
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return -errno;
    fcntl(ends[1], F_SETPIPE_SZ, bytes);
    int size = fcntl(ends[1], F_GETPIPE_SZ);
    return size > 0 ? size : 65536;
}

int millrace_event(void) {
    int event = eventfd(0, EFD_CLOEXEC);
    return event < 0 ? -errno : event;
}

void millrace_event_signal(int event) {
    uint64_t one = 1;
    /* It fails only when the counter is full, and then the ring has been woken more than enough. */
    if (write(event, &one, sizeof one) < 0) return;
}

int millrace_pin_thread(unsigned processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    return -pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

void millrace_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

void millrace_block_pipe_signal(void) {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
}

static __thread void *thread_owner;

void *millrace_thread_owner(void) { return thread_owner; }

void millrace_set_thread_owner(void *owner) { thread_owner = owner; }
