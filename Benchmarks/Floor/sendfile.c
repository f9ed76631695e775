// What a broker must do to give resident bytes out: sendfile from the page cache to a socket.
#define _GNU_SOURCE
#include "floor.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum { file_bytes = 256 << 20 };

// MSG_TRUNC drops what has arrived without copying it: the load must not be what is measured.
static void receive_everything(int *sockets, unsigned count, const struct options *o) {
    (void)count;
    for (size_t received = 0; received < o->total_bytes;) {
        ssize_t n = recv(sockets[0], NULL, MIB, MSG_TRUNC);
        CHECK(n > 0);
        received += (size_t)n;
    }
}

void run_sendfile(const struct options *o) {
    int file = make_written_file(o, file_bytes, 0);
    int client;
    pid_t load = start_load(receive_everything, &client, 1, o);

    struct stopwatch watch = stopwatch_start();
    off_t offset = 0;
    for (size_t sent = 0; sent < o->total_bytes;) {
        size_t wanted = o->total_bytes - sent;
        if (wanted > o->batch_bytes) wanted = o->batch_bytes;
        if (offset + (off_t)wanted > file_bytes) offset = 0;
        ssize_t n = sendfile(client, file, &offset, wanted);
        CHECK(n > 0);
        sent += (size_t)n;
    }
    struct cost cost = stopwatch_stop(&watch);
    await_load(load);
    report("sendfile", o, (struct figure[]){COST_FIGURES(cost, o->total_bytes)}, 2);
    close(client);
    close(file);
}
