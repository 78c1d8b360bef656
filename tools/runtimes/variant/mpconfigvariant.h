// MicroPython's unix port with what boards have: their feature level, their floats, their TLS in MicroPython's heap.
#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_FLOAT)
#define MICROPY_TRACKED_ALLOC (1) // mbedTLS allocates by m_tracked_calloc

#include "variants/mpconfigvariant_common.h"
