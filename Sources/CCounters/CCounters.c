#define _GNU_SOURCE
#include "CCounters.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNTERS_SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(COUNTERS_SANITIZED)

// The C library's own functions stand in for those of the same name that a program brings along, and calls of them from
// anywhere in the process come here. Counting costs an instruction.

static _Thread_local int64_t allocations __attribute__((tls_model("initial-exec")));

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  allocations++;
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  allocations++;
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  allocations++;
  return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  allocations++;
  return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
  allocations++;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
  allocations++;
  void *found = __libc_memalign(alignment, size);
  if (found == NULL) return ENOMEM;
  *memory = found;
  return 0;
}

int64_t counters_allocations(void) { return allocations; }

#else

int64_t counters_allocations(void) { return -1; }

#endif

#if defined(__linux__)

#include <linux/perf_event.h>
#include <sys/syscall.h>

int counters_open_instructions(void) {
  struct perf_event_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

int64_t counters_instructions(int descriptor) {
  int64_t count = 0;
  return read(descriptor, &count, sizeof count) == sizeof count ? count : -1;
}

#else

int counters_open_instructions(void) { return -1; }
int64_t counters_instructions(int descriptor) { return -1; }

#endif
