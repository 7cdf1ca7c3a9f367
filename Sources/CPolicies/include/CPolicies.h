#ifndef CPOLICIES_H
#define CPOLICIES_H

#include <stddef.h>
#include <stdint.h>

// The shipped policy in `policies/`, unchanged, as part of the program: the demo needs no file beside it.

/// A file's bytes. They live as long as the program.
typedef struct {
  const uint8_t *_Nonnull bytes;
  size_t count;
} policies_file;

/// `default.rego`
extern const policies_file policies_rules;
/// `data.json`
extern const policies_file policies_data;

#endif
