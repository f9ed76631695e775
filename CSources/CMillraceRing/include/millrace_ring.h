#ifndef MILLRACE_RING_H
#define MILLRACE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One io_uring for one thread. Every `prepare` writes one submission; nothing reaches the kernel
 * before `submit` or `wait`, which is how submissions are batched. A completion carries the token
 * of its submission and the count or the negated errno that the system call would have given.
 *
 * All calls on a ring come from the thread that created it (IORING_SETUP_SINGLE_ISSUER).
 * Memory handed to a `prepare` stays alive and unmoved until its completion, paths until the next
 * submit.
 */
typedef struct millrace_ring millrace_ring;

typedef struct {
    uint64_t token;
    int32_t result;
    uint32_t flags;
} millrace_completion;

typedef struct {
    void *_Nullable base;
    size_t length;
} millrace_slice;

/* Returns 0, or a negated errno: -EPERM or -ENOSYS where io_uring is refused, -EINVAL on a kernel
   before 6.1. */
int millrace_ring_create(unsigned entries, millrace_ring *_Nullable *_Nonnull ring);
void millrace_ring_destroy(millrace_ring *_Nonnull ring);

int millrace_ring_submit(millrace_ring *_Nonnull ring);
/* Submits and blocks until a completion is there or `nanoseconds` are over; negative means without
   limit. */
int millrace_ring_wait(millrace_ring *_Nonnull ring, int64_t nanoseconds);
unsigned millrace_ring_reap(
    millrace_ring *_Nonnull ring, millrace_completion *_Nonnull completions, unsigned most);

int millrace_ring_register_buffers(
    millrace_ring *_Nonnull ring, const millrace_slice *_Nonnull buffers, unsigned count);

/* Completes with 0 and does nothing. */
void millrace_ring_nop(millrace_ring *_Nonnull ring, uint64_t token);

/* Files. */
void millrace_ring_open(
    millrace_ring *_Nonnull ring, const char *_Nonnull path, int flags, unsigned mode, uint64_t token);
void millrace_ring_rename(
    millrace_ring *_Nonnull ring, const char *_Nonnull from, const char *_Nonnull to, uint64_t token);
void millrace_ring_remove(
    millrace_ring *_Nonnull ring, const char *_Nonnull path, bool directory, uint64_t token);
void millrace_ring_read(
    millrace_ring *_Nonnull ring, int file, void *_Nonnull bytes, unsigned count, uint64_t offset,
    uint64_t token);
/* `durable` adds RWF_DSYNC: the completion then means that the bytes are on stable storage. */
void millrace_ring_write(
    millrace_ring *_Nonnull ring, int file, const void *_Nonnull bytes, unsigned count,
    uint64_t offset, bool durable, uint64_t token);
void millrace_ring_write_slices(
    millrace_ring *_Nonnull ring, int file, const millrace_slice *_Nonnull slices, unsigned count,
    uint64_t offset, bool durable, uint64_t token);
void millrace_ring_write_registered(
    millrace_ring *_Nonnull ring, int file, unsigned buffer, const void *_Nonnull bytes,
    unsigned count, uint64_t offset, bool durable, uint64_t token);
void millrace_ring_synchronize(
    millrace_ring *_Nonnull ring, int file, bool data_only, uint64_t token);
/* Reserves blocks without changing the file's size. */
void millrace_ring_reserve(
    millrace_ring *_Nonnull ring, int file, uint64_t offset, uint64_t count, uint64_t token);

/* Sockets. */
void millrace_ring_accept(millrace_ring *_Nonnull ring, int listener, uint64_t token);
/* The address is a `struct sockaddr` of `length` bytes and is read at the next submit. */
void millrace_ring_connect(
    millrace_ring *_Nonnull ring, int socket, const void *_Nonnull address, unsigned length,
    uint64_t token);
void millrace_ring_receive(
    millrace_ring *_Nonnull ring, int socket, void *_Nonnull bytes, size_t count, uint64_t token);
void millrace_ring_send(
    millrace_ring *_Nonnull ring, int socket, const void *_Nonnull bytes, size_t count, bool more,
    uint64_t token);
void millrace_ring_await_writable(millrace_ring *_Nonnull ring, int socket, uint64_t token);
/* Moves bytes between a pipe and a file or socket without copying them; on a kernel worker. */
void millrace_ring_splice(
    millrace_ring *_Nonnull ring, int from, int64_t from_offset, int to, unsigned count, bool more,
    uint64_t token);
/* Ends every submission that waits on the file or socket with -ECANCELED. */
void millrace_ring_cancel(millrace_ring *_Nonnull ring, int handle, uint64_t token);

/* System calls that the C library of Debian 12 does not wrap, or that Swift cannot reach. */

/* Bytes sent, or a negated errno; -EAGAIN where the socket's buffer is full. The socket is
   non-blocking. */
int64_t millrace_sendfile(int socket, int file, uint64_t offset, size_t count);
/* Whether the whole range is in the page cache, so that reading it does not wait for a disk. */
bool millrace_is_resident(int file, uint64_t offset, uint64_t count);
int64_t millrace_write_slices_now(
    int file, const millrace_slice *_Nonnull slices, unsigned count, uint64_t offset);
int millrace_start_writeback(int file, uint64_t offset, uint64_t count);
/* 0, or a negated errno: -EAGAIN where another process holds the lock. */
int millrace_lock(int file);
/* A pipe of at least `bytes`, or as much as the kernel grants; a negated errno where there is none.
   */
int millrace_pipe(int ends[_Nonnull 2], int bytes);
/* A counter to wake a sleeping ring with; a negated errno where there is none. */
int millrace_event(void);
void millrace_event_signal(int event);
/* Pins the calling thread; a refusal is harmless and returned as a negated errno. */
int millrace_pin_thread(unsigned processor);
void millrace_name_thread(const char *_Nonnull name);
/* Sending a file to a peer that has gone raises SIGPIPE, and no flag forbids it as for a plain send. */
void millrace_block_pipe_signal(void);

/* What belongs to the calling thread: the shard that runs on it. */
void *_Nullable millrace_thread_owner(void);
void millrace_set_thread_owner(void *_Nullable owner);

#endif
