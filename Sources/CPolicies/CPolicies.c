#include "CPolicies.h"

// `#embed` is C23's; the compiler knows it in every mode, and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t rules[] = {
#embed "../../policies/default.rego"
};
static const uint8_t data[] = {
#embed "../../policies/data.json"
};

const policies_file policies_rules = {rules, sizeof rules};
const policies_file policies_data = {data, sizeof data};
