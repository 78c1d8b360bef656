// What extmod/modmachine.c wants of a port; the port's own reset ends QEMU.

#include "target/reset.h"

static void mp_machine_idle(void) {
}

static void mp_machine_reset(void) {
    chip_reset(CHIP_HARD);
}

static mp_int_t mp_machine_reset_cause(void) {
    return chip_reset_cause();
}
