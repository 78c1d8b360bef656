// A clock by semihosting: QEMU answers with the host's time and with the time since it started.

#include "py/mphal.h"
#include "py/mpconfig.h"
#include "shared/timeutils/timeutils.h"
#include "shared/timeutils/timeutils.c" // the port does not build it

#define SYS_TIME (0x11)
#define SYS_ELAPSED (0x30)

static uint32_t ask_host(uint32_t what, void *where) {
    register uint32_t r0 __asm__ ("r0") = what;
    register void *r1 __asm__ ("r1") = where;
    __asm__ volatile ("bkpt 0xab" : "+r" (r0) : "r" (r1) : "memory");
    return r0;
}

static uint64_t elapsed_ns(void) {
    uint64_t ns = 0;
    ask_host(SYS_ELAPSED, &ns);
    return ns;
}

mp_uint_t mp_hal_ticks_us(void) {
    return elapsed_ns() / 1000;
}

mp_uint_t mp_hal_ticks_ms(void) {
    return elapsed_ns() / 1000000;
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return elapsed_ns();
}

void mp_hal_delay_us(mp_uint_t us) {
    for (uint64_t end = elapsed_ns() + 1000ull * us; elapsed_ns() < end;) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    for (uint64_t end = elapsed_ns() + 1000000ull * ms; elapsed_ns() < end;) {
    }
}

// Since 2000, as on most boards.
uint64_t mp_hal_time_ns(void) {
    return (ask_host(SYS_TIME, NULL) - TIMEUTILS_SECONDS_1970_TO_2000) * 1000000000ull;
}

// For FAT, whose time stamps nobody looks at here: 1 January 2020.
uint32_t get_fattime(void) {
    return 40u << 25 | 1u << 21 | 1u << 16;
}
