#include "CPrimitives.h"

_Thread_local void *primitives_slot = 0;
