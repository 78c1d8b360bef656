# What is in the chip: the library as boards freeze it, asyncio, and the stand-ins for what QEMU's machine has not.
include("../../../lib/manifest.py")
include("$(MPY_DIR)/extmod/asyncio")
freeze("modules", opt=2)
