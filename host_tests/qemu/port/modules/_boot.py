import memdisk

memdisk.boot()
del memdisk
