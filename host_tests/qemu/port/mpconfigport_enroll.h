// The QEMU port's own configuration, and what a board that enroll runs on has besides.

#include <mpconfigport.h>

#undef MICROPY_PY_SELECT
#undef MICROPY_PY_TIME
#undef MICROPY_PY_ASYNCIO
#undef MICROPY_PY_MACHINE_INCLUDEFILE

#define MICROPY_PY_SELECT (1)
#define MICROPY_PY_ASYNCIO (1)
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS (1)
#define MICROPY_PY_TIME_INCLUDEFILE "target/time.h"
#define MICROPY_FATFS_RPATH (2)
#define MICROPY_FATFS_ENABLE_LFN (1)
#define MICROPY_PY_OS_SYNC (1)
#define MICROPY_PY_OS_URANDOM (1)
#define MICROPY_PY_OS_INCLUDEFILE "target/os.h"

void enroll_boot(void);
#define MICROPY_PORT_INIT_FUNC enroll_boot()
#define MICROPY_PY_MACHINE_INCLUDEFILE "target/machine.h"
#define MICROPY_PY_MACHINE_WDT (1)
#define MICROPY_PY_MACHINE_WDT_INCLUDEFILE "target/wdt.h"
#define MICROPY_PY_MACHINE_EXTRA_GLOBALS \
    { MP_ROM_QSTR(MP_QSTR_PWRON_RESET), MP_ROM_INT(0) }, \
    { MP_ROM_QSTR(MP_QSTR_HARD_RESET), MP_ROM_INT(1) }, \
    { MP_ROM_QSTR(MP_QSTR_WDT_RESET), MP_ROM_INT(2) }, // as reset.h counts them

// modhashlib.c then takes MD5 from "lib/axtls/crypto/crypto.h", which is ours: see target/include.
#define MICROPY_PY_HASHLIB_MD5 (1)
#define MICROPY_SSL_AXTLS (1)
