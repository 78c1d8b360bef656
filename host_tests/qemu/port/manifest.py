# What is in the chip: the library as boards freeze it, asyncio, and stand-ins for what QEMU's machine lacks.
include("../../../lib/manifest.py")
include("$(MPY_DIR)/extmod/asyncio")
freeze("modules", opt=2)
