// What a chip has to begin again, for machine.h and wdt.h.

#include <stdint.h>

enum { CHIP_POWER_ON, CHIP_HARD, CHIP_WATCHDOG };

void chip_reset(uint32_t cause) __attribute__((noreturn));
uint32_t chip_reset_cause(void);
void chip_watchdog(uint32_t ms);
void chip_feed(void);
