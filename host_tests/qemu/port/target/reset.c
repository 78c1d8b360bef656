// A reset of the whole machine, its cause, and the watchdog of mps2-an385, whose interrupt is the NMI.

#include <stdint.h>

#include "reset.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define CAUSE REGISTER(0x20100000) // behind what flash.ld gives away: a reset leaves it as it is, power-on makes it 0
#define VECTORS REGISTER(0xE000ED08)
#define SYSTEM_RESET REGISTER(0xE000ED0C)
#define WATCHDOG (0x40008000)
#define CLOCK (25000) // its ticks in a millisecond
#define NMI (2)
#define WORDS (16)

void chip_reset(uint32_t cause) {
    CAUSE = cause;
    for (;;) {
        SYSTEM_RESET = 0x05FA0004;
    }
}

uint32_t chip_reset_cause(void) {
    return CAUSE;
}

static void bite(void) {
    chip_reset(CHIP_WATCHDOG);
}

// The port's handler of the NMI halts the machine, so that the table of vectors is replaced by one with ours.
void chip_watchdog(uint32_t ms) {
    static uint32_t vectors[WORDS] __attribute__((aligned(128)));
    for (int i = 0; i < WORDS; ++i) {
        vectors[i] = ((const uint32_t *)VECTORS)[i];
    }
    vectors[NMI] = (uint32_t)bite;
    VECTORS = (uint32_t)vectors;
    REGISTER(WATCHDOG) = ms > UINT32_MAX / CLOCK ? UINT32_MAX : ms * CLOCK;
    chip_feed(); // QEMU counts from power-on, and after 172 s would bite at once
    REGISTER(WATCHDOG + 8) = 1;
}

void chip_feed(void) {
    REGISTER(WATCHDOG + 12) = 1; // its interrupt is over: it counts from the start
}
