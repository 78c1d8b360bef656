import socket  # on a chip it is in C: a test that puts another `machine` there changes nothing of it

import memdisk

memdisk.boot()
del memdisk, socket
