// Loopback connections between a server on core 0 and its load on core 1.
#define _GNU_SOURCE
#include "floor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void send_at_once(int socket) {
    int yes = 1;
    CHECK(setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0);
}

pid_t start_load(load_function *load, int *sockets, unsigned count, const struct options *o) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(listener >= 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    CHECK(bind(listener, (struct sockaddr *)&address, length) == 0);
    CHECK(listen(listener, (int)count) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);

    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        pin_to_core(1);
        close(listener);
        for (unsigned i = 0; i < count; i++) {
            sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
            CHECK(sockets[i] >= 0);
            send_at_once(sockets[i]);
            CHECK(connect(sockets[i], (struct sockaddr *)&address, length) == 0);
        }
        load(sockets, count, o);
        _exit(0);
    }
    pin_to_core(0);
    for (unsigned i = 0; i < count; i++) {
        sockets[i] = accept(listener, NULL, NULL);
        CHECK(sockets[i] >= 0);
        send_at_once(sockets[i]);
    }
    close(listener);
    return child;
}

void await_load(pid_t load) {
    int status = 0;
    CHECK(waitpid(load, &status, 0) == load);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
