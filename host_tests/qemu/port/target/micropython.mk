# The disk, the clock, the watchdog and the MD5 that the QEMU port lacks.
SRC_USERMOD_C += $(USERMOD_DIR)/psram.c
SRC_USERMOD_LIB_C += $(USERMOD_DIR)/boot.c $(USERMOD_DIR)/clock.c $(USERMOD_DIR)/md5.c $(USERMOD_DIR)/reset.c
CFLAGS_USERMOD += -I$(USERMOD_DIR)/.. -I$(USERMOD_DIR)/include
