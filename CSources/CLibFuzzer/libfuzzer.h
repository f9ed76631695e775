// What libFuzzer, which is linked by -sanitize=fuzzer and brings no header for C, offers to a program with a main
// function of its own.
#ifndef MILLRACE_LIBFUZZER_H
#define MILLRACE_LIBFUZZER_H

#include <stddef.h>
#include <stdint.h>

// Fuzzes as the arguments say until it is done or has found something; returns the exit status.
int LLVMFuzzerRunDriver(
    int *argc, char ***argv, int (*test_one_input)(const uint8_t *_Nullable bytes, size_t count));

// Changes `count` bytes where they lie to at most `count_max`; returns how many there are then.
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t count_max);

#endif
