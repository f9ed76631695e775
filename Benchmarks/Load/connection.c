#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

_Noreturn void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "load: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    exit(1);
}

void connection_open(struct connection *c, unsigned port) {
    c->at = c->filled = 0;
    c->socket = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(c->socket >= 0);
    int yes = 1;
    CHECK(setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(c->socket, (struct sockaddr *)&address, sizeof address) != 0)
        die("127.0.0.1:%u cannot be connected to: %s", port, strerror(errno));
}

static size_t receive(struct connection *c, void *bytes, size_t count, int flags) {
    ssize_t n;
    do n = recv(c->socket, bytes, count, flags);
    while (n < 0 && errno == EINTR);
    if (n > 0) return (size_t)n;
    die("the broker hung up (%s); it was asked to %s",
        n == 0 ? "end of the stream" : strerror(errno), c->asked);
}

const uint8_t *connection_read(struct connection *c, size_t count) {
    CHECK(count <= sizeof c->buffer);
    if (count > sizeof c->buffer - c->at || c->at == c->filled) {
        memmove(c->buffer, c->buffer + c->at, c->filled - c->at);
        c->filled -= c->at;
        c->at = 0;
    }
    while (c->filled - c->at < count)
        c->filled += receive(c, c->buffer + c->filled, sizeof c->buffer - c->filled, 0);
    const uint8_t *bytes = c->buffer + c->at;
    c->at += count;
    return bytes;
}

struct reader connection_reader(struct connection *c, size_t count) {
    if (count > sizeof c->buffer)
        die("the broker's answer has %zu bytes; it was asked to %s", count, c->asked);
    const uint8_t *bytes = connection_read(c, count);
    return (struct reader){bytes, bytes + count};
}

void connection_skip(struct connection *c, size_t count) {
    size_t here = c->filled - c->at;
    if (here > count) here = count;
    c->at += here;
    count -= here;
    while (count > 0) count -= receive(c, NULL, count, MSG_TRUNC);
}

bool connection_has_bytes(const struct connection *c) {
    return c->at < c->filled;
}

void connection_write(struct connection *c, const struct writer *w) {
    for (size_t sent = 0; sent < w->count;) {
        ssize_t n = send(c->socket, w->bytes + sent, w->count - sent, MSG_NOSIGNAL);
        // A broker that has hung up may have said why, which only reading tells.
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) return;
        CHECK(n > 0 || errno == EINTR);
        if (n > 0) sent += (size_t)n;
    }
}

size_t connection_try_write(struct connection *c, const struct iovec *parts, int count) {
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
    ssize_t n = sendmsg(c->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return (size_t)n;
    CHECK(errno == EAGAIN || errno == EINTR || errno == EPIPE || errno == ECONNRESET);
    return 0;
}

bool connection_wait(struct connection *c) {
    struct pollfd socket = {.fd = c->socket, .events = POLLIN | POLLOUT};
    int ready;
    do ready = poll(&socket, 1, -1);
    while (ready < 0 && errno == EINTR);
    CHECK(ready == 1);
    return (socket.revents & ~POLLOUT) != 0;
}
