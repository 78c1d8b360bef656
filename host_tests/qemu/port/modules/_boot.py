import socket  # on a chip it is in C: a test that puts another `machine` there does not change it

import memdisk

memdisk.boot()
del memdisk, socket
