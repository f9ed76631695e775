// What a broker must do to take bytes in: receive them, checksum them, write them to the page
// cache.
#define _GNU_SOURCE
#include "floor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "millrace_checksum.h"

enum { buffer_bytes = 256 << 10, sync_bytes = 8 << 20 };

static volatile uint32_t checksum;

static void send_everything(int *sockets, unsigned count, const struct options *o) {
    (void)count;
    char *source = allocate_pages(buffer_bytes, 5);
    for (size_t sent = 0; sent < o->total_bytes;) {
        size_t wanted = o->total_bytes - sent;
        ssize_t n = send(sockets[0], source, wanted < buffer_bytes ? wanted : buffer_bytes, 0);
        CHECK(n > 0);
        sent += (size_t)n;
    }
    CHECK(shutdown(sockets[0], SHUT_WR) == 0);
}

void run_ingest(const struct options *o) {
    int file = make_file(o, 0);
    CHECK(fallocate(file, FALLOC_FL_KEEP_SIZE, 0, (off_t)o->total_bytes) == 0);
    char *buffer = allocate_pages(buffer_bytes, 0);
    int client;
    pid_t load = start_load(send_everything, &client, 1, o);

    struct stopwatch watch = stopwatch_start();
    size_t offset = 0, synced = 0, filled = 0;
    for (;;) {
        ssize_t n = recv(client, buffer + filled, buffer_bytes - filled, 0);
        CHECK(n >= 0);
        checksum = millrace_crc32c(0, buffer + filled, (size_t)n);
        filled += (size_t)n;
        if (n > 0 && filled < buffer_bytes) continue;
        write_fully(file, buffer, filled, (off_t)offset);
        offset += filled;
        filled = 0;
        if (n == 0) break;
        if (offset - synced < sync_bytes) continue;
        CHECK(sync_file_range(file, (off_t)synced, (off_t)(offset - synced),
                              SYNC_FILE_RANGE_WRITE) == 0);
        synced = offset;
    }
    struct cost cost = stopwatch_stop(&watch);
    await_load(load);
    report("ingest", o, (struct figure[]){COST_FIGURES(cost, offset)}, 2);
    close(client);
    close(file);
}
