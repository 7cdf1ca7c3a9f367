#include "CRE2.h"

#include <re2/re2.h>

#include <vector>

struct cre2_pattern {
  re2::RE2 regexp;
  cre2_pattern(const re2::StringPiece &pattern, const re2::RE2::Options &options) : regexp(pattern, options) {}
};

namespace {

// A null pointer is RE2's "took no part" and no text at all.
re2::StringPiece piece(const char *text, size_t length) { return re2::StringPiece(text ? text : "", length); }

}  // namespace

// INVARIANT: no exception leaves a function: Swift's frames cannot be unwound.

extern "C" cre2_pattern *cre2_compile(const char *pattern, size_t length, int64_t max_memory) try {
  // RE2's defaults are Go's flags: Perl's syntax, UTF-8, leftmost-first, `$` only at the end of the text.
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(max_memory);
  return new cre2_pattern(piece(pattern, length), options);
} catch (...) {
  return nullptr;
}

extern "C" void cre2_free(cre2_pattern *pattern) { delete pattern; }

extern "C" cre2_status cre2_get_status(const cre2_pattern *pattern) {
  switch (pattern->regexp.error_code()) {
    case re2::RE2::NoError: return CRE2_OK;
    case re2::RE2::ErrorInternal: return CRE2_INTERNAL_ERROR;
    case re2::RE2::ErrorBadEscape: return CRE2_INVALID_ESCAPE;
    case re2::RE2::ErrorBadCharClass: return CRE2_INVALID_CLASS;
    case re2::RE2::ErrorBadCharRange: return CRE2_INVALID_RANGE;
    case re2::RE2::ErrorMissingBracket: return CRE2_MISSING_BRACKET;
    case re2::RE2::ErrorMissingParen: return CRE2_MISSING_PARENTHESIS;
    case re2::RE2::ErrorUnexpectedParen: return CRE2_UNEXPECTED_PARENTHESIS;
    case re2::RE2::ErrorTrailingBackslash: return CRE2_TRAILING_BACKSLASH;
    case re2::RE2::ErrorRepeatArgument: return CRE2_MISSING_REPEAT_ARGUMENT;
    case re2::RE2::ErrorRepeatSize: return CRE2_INVALID_REPEAT_SIZE;
    case re2::RE2::ErrorRepeatOp: return CRE2_INVALID_REPEAT_OPERATOR;
    case re2::RE2::ErrorBadPerlOp: return CRE2_INVALID_PERL_OPERATOR;
    case re2::RE2::ErrorBadUTF8: return CRE2_INVALID_UTF8;
    case re2::RE2::ErrorBadNamedCapture: return CRE2_INVALID_NAME;
    case re2::RE2::ErrorPatternTooLarge: return CRE2_TOO_LARGE;
  }
  return CRE2_INTERNAL_ERROR;
}

extern "C" const char *cre2_error_argument(const cre2_pattern *pattern, size_t *length) {
  *length = pattern->regexp.error_arg().size();
  return pattern->regexp.error_arg().data();
}

extern "C" int cre2_group_count(const cre2_pattern *pattern) {
  int count = pattern->regexp.NumberOfCapturingGroups();
  return count < 0 ? 0 : count;
}

extern "C" int cre2_program_size(const cre2_pattern *pattern) {
  int size = pattern->regexp.ProgramSize();
  return size < 0 ? 0 : size;
}

extern "C" int cre2_search(const cre2_pattern *pattern, const char *text, size_t length, size_t start,
                           cre2_span *spans, int count) try {
  if (!pattern->regexp.ok() || start > length) return false;
  auto whole = piece(text, length);
  std::vector<re2::StringPiece> groups(count);
  if (!pattern->regexp.Match(whole, start, length, re2::RE2::UNANCHORED, groups.data(), count)) return false;
  for (int index = 0; index < count; index++) {
    auto group = groups[index];
    if (group.data() == nullptr) {
      spans[index] = {-1, -1};
    } else {
      ptrdiff_t offset = group.data() - whole.data();
      spans[index] = {offset, offset + static_cast<ptrdiff_t>(group.size())};
    }
  }
  return true;
} catch (...) {
  return -1;
}
