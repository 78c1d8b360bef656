// mbedTLS as on RP2: MicroPython's common configuration and its heap; only the entropy is the computer's.
#define MICROPY_MBEDTLS_CONFIG_BARE_METAL (1)
#define MBEDTLS_CIPHER_MODE_CTR
#define MBEDTLS_TIMING_C
#define MBEDTLS_ECP_NIST_OPTIM
#include "extmod/mbedtls/mbedtls_config_common.h"
#undef MBEDTLS_ENTROPY_HARDWARE_ALT
#undef MBEDTLS_NO_PLATFORM_ENTROPY
