// What a small request costs at least: received by a multishot receive of io_uring, sent back as it
// is.
#define _GNU_SOURCE
#include "floor.h"

#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { connections = 64, request_bytes = 100, buffer_bytes = 4096, buffers = 256 };

// Each connection has one request in flight until the time is over.
static void ask_and_wait(int *sockets, unsigned count, const struct options *o) {
    char request[request_bytes];
    memset(request, 5, sizeof request);
    int poll = epoll_create1(0);
    CHECK(poll >= 0);
    for (unsigned i = 0; i < count; i++) {
        struct epoll_event interest = {.events = EPOLLIN, .data.fd = sockets[i]};
        CHECK(epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i], &interest) == 0);
        CHECK(send(sockets[i], request, sizeof request, 0) == request_bytes);
    }
    uint64_t end = now_ns() + (uint64_t)(o->seconds * 1e9);
    while (now_ns() < end) {
        struct epoll_event ready[connections];
        int n = epoll_wait(poll, ready, connections, 1000);
        CHECK(n > 0);
        for (int i = 0; i < n; i++) {
            char reply[request_bytes];
            CHECK(recv(ready[i].data.fd, reply, sizeof reply, MSG_WAITALL) == request_bytes);
            CHECK(send(ready[i].data.fd, request, sizeof request, 0) == request_bytes);
        }
    }
}

struct echo {
    struct io_uring ring;
    struct io_uring_buf_ring *pool;
    char *memory;
};

static struct io_uring_sqe *next_sqe(struct io_uring *ring) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
    if (sqe != NULL) return sqe;
    CHECK_RETURN(io_uring_submit(ring));
    return io_uring_get_sqe(ring);
}

static void give_buffer(struct echo *e, unsigned buffer) {
    io_uring_buf_ring_add(e->pool, e->memory + buffer * buffer_bytes, buffer_bytes,
                          (unsigned short)buffer, io_uring_buf_ring_mask(buffers), 0);
    io_uring_buf_ring_advance(e->pool, 1);
}

static void receive_on(struct echo *e, int socket) {
    struct io_uring_sqe *sqe = next_sqe(&e->ring);
    io_uring_prep_recv_multishot(sqe, socket, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
    sqe->user_data = (uint64_t)socket;
}

// A reply's buffer goes back to the pool when it is sent: its completion carries the buffer's
// number above.
static void reply_on(struct echo *e, int socket, unsigned buffer, int bytes) {
    struct io_uring_sqe *sqe = next_sqe(&e->ring);
    io_uring_prep_send(sqe, socket, e->memory + buffer * buffer_bytes, (size_t)bytes, MSG_WAITALL);
    sqe->user_data = (uint64_t)(buffer + 1) << 32;
}

static void open_ring(struct echo *e) {
    CHECK_RETURN(io_uring_queue_init(512, &e->ring,
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN));
    e->pool = allocate_pages(buffers * sizeof(struct io_uring_buf), 0);
    e->memory = allocate_pages(buffers * buffer_bytes, 0);
    struct io_uring_buf_reg registration = {
        .ring_addr = (uintptr_t)e->pool, .ring_entries = buffers, .bgid = 0};
    CHECK_RETURN(io_uring_register_buf_ring(&e->ring, &registration, 0));
    io_uring_buf_ring_init(e->pool);
    for (unsigned i = 0; i < buffers; i++) give_buffer(e, i);
}

void run_echo(const struct options *o) {
    static struct echo e;
    int sockets[connections];
    pid_t load = start_load(ask_and_wait, sockets, connections, o);
    open_ring(&e);

    struct stopwatch watch = stopwatch_start();
    for (unsigned i = 0; i < connections; i++) receive_on(&e, sockets[i]);
    size_t requests = 0;
    for (unsigned open = connections; open > 0;) {
        CHECK_RETURN(io_uring_submit_and_wait(&e.ring, 1));
        struct io_uring_cqe *cqe;
        unsigned head, seen = 0;
        io_uring_for_each_cqe(&e.ring, head, cqe) {
            seen++;
            unsigned sent = (unsigned)(cqe->user_data >> 32);
            int socket = (int)(uint32_t)cqe->user_data;
            if (sent > 0) {
                give_buffer(&e, sent - 1);
            } else if (cqe->res > 0) {
                requests++;
                reply_on(&e, socket, cqe->flags >> IORING_CQE_BUFFER_SHIFT, cqe->res);
                if (!(cqe->flags & IORING_CQE_F_MORE)) receive_on(&e, socket);
            } else if (cqe->res == -ENOBUFS) {
                receive_on(&e, socket);
            } else {
                open--;
            }
        }
        io_uring_cq_advance(&e.ring, seen);
    }
    struct cost cost = stopwatch_stop(&watch);
    await_load(load);
    report("echo", o,
           (struct figure[]){{"requests/s", requests / cost.seconds},
                             {"requests/CPU-s", requests / cost.cpu},
                             {"us-CPU/request", cost.cpu * 1e6 / requests}},
           3);
    for (unsigned i = 0; i < connections; i++) close(sockets[i]);
    io_uring_queue_exit(&e.ring);
}
