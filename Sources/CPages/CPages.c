#include "CPages.h"

#include <string.h>

// `#embed` is C23's; the compiler knows it in every mode, and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t docs_html[] = {
#embed "docs.html"
};
static const uint8_t docs_js[] = {
#embed "docs.js"
};
static const uint8_t redoc_html[] = {
#embed "redoc.html"
};
static const uint8_t redoc_js[] = {
#embed "redoc.js"
};
static const uint8_t swagger_ui_bundle[] = {
#embed "Vendor/swagger-ui-bundle.js.gz"
};
static const uint8_t swagger_ui_css[] = {
#embed "Vendor/swagger-ui.css.gz"
};
static const uint8_t redoc_standalone[] = {
#embed "Vendor/redoc.standalone.js.gz"
};
static const uint8_t console_html[] = {
#embed "console.html"
};

static const struct {
  const char *name;
  pages_file file;
} files[] = {
    {"docs.html", {docs_html, sizeof docs_html}},
    {"docs.js", {docs_js, sizeof docs_js}},
    {"redoc.html", {redoc_html, sizeof redoc_html}},
    {"redoc.js", {redoc_js, sizeof redoc_js}},
    {"swagger-ui-bundle.js.gz", {swagger_ui_bundle, sizeof swagger_ui_bundle}},
    {"swagger-ui.css.gz", {swagger_ui_css, sizeof swagger_ui_css}},
    {"redoc.standalone.js.gz", {redoc_standalone, sizeof redoc_standalone}},
    {"console.html", {console_html, sizeof console_html}},
};

const pages_file *pages_find(const char *name) {
  for (size_t index = 0; index < sizeof files / sizeof files[0]; index++) {
    if (strcmp(files[index].name, name) == 0) return &files[index].file;
  }
  return NULL;
}
