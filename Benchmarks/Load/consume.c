#include "load.h"

#include <stdio.h>
#include <unistd.h>

void run_consume(const struct load_options *o) {
    static struct consumer c;
    c.options = o;
    snprintf(c.connection.asked, sizeof c.connection.asked, "read topic '%.249s', %u partitions",
             o->topic, o->common.partitions);
    connection_open(&c.connection, o->port);
    meter_start(&c.meter, o);
    o->door->consume(&c);
    char name[64];
    snprintf(name, sizeof name, "consume-%s", o->door->name);
    meter_report(&c.meter, name);
    close(c.connection.socket);
}
