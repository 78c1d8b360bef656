"""enroll on a bare-metal Cortex-M3: MicroPython's QEMU port with an overlay of our own. `make test-qemu`."""
