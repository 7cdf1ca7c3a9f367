#include "CSchemas.h"

// `#embed` is C23's; the compiler knows it in every mode, and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t evidence_pack[] = {
#embed "../../docs/schemas/evidence-pack-v1.json"
};

const schemas_file schemas_evidence_pack = {evidence_pack, sizeof evidence_pack};
