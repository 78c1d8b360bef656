# MicroPython's own firmware for this board, plus enroll. Build it with `tools/firmware.py RPI_PICO2_W`.
include("$(PORT_DIR)/boards/RPI_PICO2_W/manifest.py")
include("../../lib/manifest.py")
module("board.py", opt=2)
module("accesspoint.py", base_path="..", opt=2)
module("link.py", base_path="..", opt=2)
module("offline.py", base_path="..", opt=2)
module("port.py", base_path="../rp2", opt=2)
