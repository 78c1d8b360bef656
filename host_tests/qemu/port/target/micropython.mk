# The disk, the clock and the MD5 that the QEMU port lacks.
SRC_USERMOD_C += $(USERMOD_DIR)/psram.c
SRC_USERMOD_LIB_C += $(USERMOD_DIR)/clock.c $(USERMOD_DIR)/md5.c
CFLAGS_USERMOD += -I$(USERMOD_DIR)/.. -I$(USERMOD_DIR)/include
