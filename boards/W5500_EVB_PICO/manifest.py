# MicroPython's own firmware for this board, plus enroll. Build it with `tools/firmware.py W5500_EVB_PICO`.
include("$(PORT_DIR)/boards/W5500_EVB_PICO/manifest.py")
include("../../lib/manifest.py")
module("board.py", opt=2)
module("link.py", base_path="..", opt=2)
module("port.py", base_path="../rp2", opt=2)
