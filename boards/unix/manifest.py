# For your own build of the unix port, with enroll frozen in.
include("$(PORT_DIR)/variants/standard/manifest.py")
include("../../lib/manifest.py")
module("port.py", opt=2)
