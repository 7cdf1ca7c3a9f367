#ifndef CCOUNTERS_H
#define CCOUNTERS_H

#include <stdint.h>

// What this thread has done so far, for `agentgate bench`.

/// Calls of malloc, calloc, realloc and their like; -1 where they aren't counted.
int64_t counters_allocations(void);

/// Opens a counter of the thread's instructions in user mode. A descriptor to read and to close; -1 where the machine, or
/// the system, doesn't count them.
int counters_open_instructions(void);

/// Instructions since the counter was opened; -1 when they can't be read.
int64_t counters_instructions(int descriptor);

#endif
