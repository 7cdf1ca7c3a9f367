#ifndef CPRIMITIVES_H
#define CPRIMITIVES_H

#include <stdint.h>

// What Swift has no words for, and the decision machine does all the time: each of these is a few instructions, inlined.

/// Where bytes of a JSON string need a look. Of the 16 bytes, the lower half has a bit for each that ends or interrupts a
/// string: a quote, a backslash, a control character; the upper half has one for each that isn't ASCII.
static inline uint32_t primitives_string_mask(const uint8_t *_Nonnull bytes) {
  typedef uint8_t vector __attribute__((vector_size(16), aligned(1)));
  const vector text = *(const vector *)bytes;
#if defined(__SSE2__)
  typedef char signs __attribute__((vector_size(16)));
  const signs special = (signs)((text == '"') | (text == '\\') | (text < 0x20));
  return (uint32_t)__builtin_ia32_pmovmskb128(special) | (uint32_t)__builtin_ia32_pmovmskb128((signs)text) << 16;
#else
  uint32_t special = 0, high = 0;
  for (int index = 0; index < 16; index++) {
    const uint8_t byte = text[index];
    special |= (uint32_t)(byte == '"' || byte == '\\' || byte < 0x20) << index;
    high |= (uint32_t)(byte >> 7) << index;
  }
  return special | high << 16;
#endif
}

/// About where the calling function's frame is on the stack.
static inline uintptr_t primitives_stack_address(void) { return (uintptr_t)__builtin_frame_address(0); }

extern _Thread_local void *_Nullable primitives_slot;

/// One pointer of the calling thread's own; null at first.
static inline void *_Nullable primitives_thread_slot(void) { return primitives_slot; }
static inline void primitives_set_thread_slot(void *_Nullable memory) { primitives_slot = memory; }

#endif
