// RE2 behind C functions, as Swift needs it: patterns of Go's syntax, searches by byte offsets.
#ifndef CRE2_H
#define CRE2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled pattern, or why it could not be compiled. Immutable; may be used by several threads at once.
typedef struct cre2_pattern cre2_pattern;

/// What is wrong with a pattern. The order is ours, not RE2's.
typedef enum cre2_status {
  CRE2_OK = 0,
  CRE2_INTERNAL_ERROR,
  CRE2_INVALID_ESCAPE,
  CRE2_INVALID_CLASS,
  CRE2_INVALID_RANGE,
  CRE2_MISSING_BRACKET,
  CRE2_MISSING_PARENTHESIS,
  CRE2_UNEXPECTED_PARENTHESIS,
  CRE2_TRAILING_BACKSLASH,
  CRE2_MISSING_REPEAT_ARGUMENT,
  CRE2_INVALID_REPEAT_SIZE,
  CRE2_INVALID_REPEAT_OPERATOR,
  CRE2_INVALID_PERL_OPERATOR,
  CRE2_INVALID_UTF8,
  CRE2_INVALID_NAME,
  CRE2_TOO_LARGE,
} cre2_status;

/// A part of the text, in bytes; `start` is -1 for a group that took no part in the match.
typedef struct cre2_span {
  ptrdiff_t start;
  ptrdiff_t end;
} cre2_span;

/// Compiles for at most `max_memory` bytes, the caches of later searches included. Null when memory is out.
cre2_pattern *_Nullable cre2_compile(const char *_Nullable pattern, size_t length, int64_t max_memory);
void cre2_free(cre2_pattern *_Nullable pattern);

cre2_status cre2_get_status(const cre2_pattern *_Nonnull pattern);
/// The part of the pattern that is wrong; lives as long as the pattern.
const char *_Nonnull cre2_error_argument(const cre2_pattern *_Nonnull pattern, size_t *_Nonnull length);

/// How many groups capture. 0 for a pattern that is in error.
int cre2_group_count(const cre2_pattern *_Nonnull pattern);
/// The instructions of the compiled program, which the cost of compiling and searching grows with.
int cre2_program_size(const cre2_pattern *_Nonnull pattern);

/// The leftmost-first match from byte `start` on; what lies before still counts for `^` and `\b`. Fills `spans` with
/// the match and its groups; looks only for whether there is one when `count` is 0. Negative when memory is out, else
/// whether there is a match.
int cre2_search(const cre2_pattern *_Nonnull pattern, const char *_Nullable text, size_t length, size_t start,
                cre2_span *_Nullable spans, int count);

#ifdef __cplusplus
}
#endif

#endif
