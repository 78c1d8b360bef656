// Runs _boot.py before anything else, after a soft reset too, as boards do: it mounts the disk.

#include "shared/runtime/pyexec.h"

void enroll_boot(void) {
    pyexec_frozen_module("_boot.py", false);
}
