#ifndef CPAGES_H
#define CPAGES_H

#include <stddef.h>
#include <stdint.h>

// The web pages in this folder, and what they are made of, as part of the program: no file has to lie beside it. What
// others wrote is in `Vendor/`, with its licences.

/// A file's bytes. They live as long as the program.
typedef struct {
  const uint8_t *_Nonnull bytes;
  size_t count;
} pages_file;

/// The file of this name (`docs.html`), NULL when there is none. One whose name ends with `.gz` is compressed by gzip.
const pages_file *_Nullable pages_find(const char *_Nonnull name);

#endif
