#ifndef CSCHEMAS_H
#define CSCHEMAS_H

#include <stddef.h>
#include <stdint.h>

// The JSON Schemas in `docs/schemas/`, unchanged, as part of the program: no file has to lie beside it.

/// A schema's bytes. They live as long as the program.
typedef struct {
  const uint8_t *_Nonnull bytes;
  size_t count;
} schemas_file;

extern const schemas_file schemas_evidence_pack;

#endif
