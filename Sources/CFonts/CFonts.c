#include "CFonts.h"

// `#embed` is C23's; the compiler knows it in every mode, and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t dejavu_sans[] = {
#embed "Fonts/DejaVuSans.ttf"
};
static const uint8_t dejavu_sans_bold[] = {
#embed "Fonts/DejaVuSans-Bold.ttf"
};
static const uint8_t dejavu_sans_mono[] = {
#embed "Fonts/DejaVuSansMono.ttf"
};
static const uint8_t droid_fallback[] = {
#embed "Fonts/DroidSansFallbackFull.ttf"
};

const fonts_file fonts_dejavu_sans = {dejavu_sans, sizeof dejavu_sans};
const fonts_file fonts_dejavu_sans_bold = {dejavu_sans_bold, sizeof dejavu_sans_bold};
const fonts_file fonts_dejavu_sans_mono = {dejavu_sans_mono, sizeof dejavu_sans_mono};
const fonts_file fonts_droid_fallback = {droid_fallback, sizeof droid_fallback};
