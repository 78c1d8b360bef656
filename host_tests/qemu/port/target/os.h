// What extmod/modos.c wants of a port: bytes that differ from call to call.

#include "py/mphal.h"

static mp_obj_t mp_os_urandom(mp_obj_t size) {
    static uint32_t seed = 1;
    vstr_t bytes;
    vstr_init_len(&bytes, mp_obj_get_int(size));
    for (size_t i = 0; i < bytes.len; ++i) { // xorshift: different, not secret
        seed ^= mp_hal_ticks_cpu() | 1;
        seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
        bytes.buf[i] = seed >> 24;
    }
    return mp_obj_new_bytes_from_vstr(&bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);
