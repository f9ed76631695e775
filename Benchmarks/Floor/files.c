#define _GNU_SOURCE
#include "floor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int make_file(const struct options *o, int flags) {
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/floor-XXXXXX", o->directory);
    CHECK(length > 0 && (size_t)length < sizeof path);
    int file = mkostemp(path, flags);
    CHECK(file >= 0);
    CHECK(unlink(path) == 0);
    return file;
}

void write_fully(int file, const void *bytes, size_t count, off_t offset) {
    CHECK(pwrite(file, bytes, count, offset) == (ssize_t)count);
}

// Every block has been written once: a later write to it changes no metadata of the file.
int make_written_file(const struct options *o, size_t bytes, int flags) {
    int file = make_file(o, flags);
    void *zeroes = allocate_pages(MIB, 0);
    for (size_t offset = 0; offset < bytes; offset += MIB)
        write_fully(file, zeroes, MIB, (off_t)offset);
    CHECK(fsync(file) == 0);
    return file;
}
