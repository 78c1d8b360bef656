# MicroPython's own build of this board with enroll in it: `tools/firmware.py RPI_PICO2_W`.
include("$(PORT_DIR)/boards/RPI_PICO2_W/manifest.py")
include("../../lib/manifest.py")
module("board.py", opt=2)
module("link.py", base_path="..", opt=2)
module("port.py", base_path="../rp2", opt=2)
