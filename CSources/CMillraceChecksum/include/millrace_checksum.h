#ifndef MILLRACE_CHECKSUM_H
#define MILLRACE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `count` bytes, continuing from `crc`, which is 0
/// to begin with: the checksum of `a` gives, continued over `b`, that of `a` followed by `b`. Takes
/// the quickest way this processor has; any thread may call it.
uint32_t millrace_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The same by tables, eight bytes a step: for processors without the instruction, and to check the
/// other by.
uint32_t millrace_crc32c_by_table(uint32_t crc, const void *bytes, size_t count);

/// Whether `millrace_crc32c` uses the processor's CRC-32C instruction (SSE4.2) here.
bool millrace_crc32c_has_instruction(void);

#endif
