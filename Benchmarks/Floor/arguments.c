#include "floor.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

unsigned long long number_in(const char *text, unsigned long long most) {
    // strtoull takes a sign and makes a huge number of it.
    if (text == NULL || !isdigit((unsigned char)*text)) return 0;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    return *end == 0 && errno == 0 && value <= most ? value : 0;
}
