# MicroPython's own firmware for this board, plus enroll. Build it with `tools/firmware.py ESP32_GENERIC_C3`.
include("$(PORT_DIR)/boards/manifest.py")
include("../../lib/manifest.py")
module("board.py", opt=2)
module("accesspoint.py", base_path="..", opt=2)
module("link.py", base_path="..", opt=2)
module("offline.py", base_path="..", opt=2)
module("port.py", base_path="../esp32", opt=2)
module("nvs.py", base_path="../esp32", opt=2)
