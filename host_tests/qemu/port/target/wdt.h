// What extmod/machine_wdt.c wants of a port.

#include "target/reset.h"

typedef struct _machine_wdt_obj_t {
    mp_obj_base_t base;
} machine_wdt_obj_t;

static machine_wdt_obj_t *mp_machine_wdt_make_new_instance(mp_int_t id, mp_int_t timeout_ms) {
    static machine_wdt_obj_t wdt = {{&machine_wdt_type}};
    if (id != 0 || timeout_ms < 1) {
        mp_raise_ValueError(NULL);
    }
    chip_watchdog(timeout_ms);
    return &wdt;
}

static void mp_machine_wdt_feed(machine_wdt_obj_t *self) {
    (void)self;
    chip_feed();
}
