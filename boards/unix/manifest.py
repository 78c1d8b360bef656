# For a unix port of one's own that carries enroll in itself.
include("$(PORT_DIR)/variants/standard/manifest.py")
include("../../lib/manifest.py")
module("port.py", opt=2)
