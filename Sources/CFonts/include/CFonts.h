#ifndef CFONTS_H
#define CFONTS_H

#include <stddef.h>
#include <stdint.h>

// The fonts in `Fonts/`, unchanged, as part of the program: no file has to lie beside it. Their licences are there too.

/// A font file's bytes. They live as long as the program.
typedef struct {
  const uint8_t *_Nonnull bytes;
  size_t count;
} fonts_file;

extern const fonts_file fonts_dejavu_sans;
extern const fonts_file fonts_dejavu_sans_bold;
extern const fonts_file fonts_dejavu_sans_mono;
/// Chinese, Japanese and Korean.
extern const fonts_file fonts_droid_fallback;

#endif
