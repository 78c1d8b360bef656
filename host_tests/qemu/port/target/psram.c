// The module `psram`: a block device in the PSRAM of mps2-an385, behind the tests' image. It is in C to be quick.

#include <string.h>

#include "py/mperrno.h"
#include "py/runtime.h"

#define START ((uint8_t *)0x21400000)
#define BLOCK (512)
#define BLOCKS (8192)

static uint8_t *place(size_t n_args, const mp_obj_t *args, mp_buffer_info_t *it, mp_uint_t flags) {
    mp_get_buffer_raise(args[1], it, flags);
    size_t at = mp_obj_get_int(args[0]) * BLOCK + (n_args > 2 ? mp_obj_get_int(args[2]) : 0);
    if (at + it->len > BLOCK * BLOCKS) {
        mp_raise_OSError(MP_EIO);
    }
    return START + at;
}

static mp_obj_t psram_readblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t it;
    uint8_t *from = place(n_args, args, &it, MP_BUFFER_WRITE);
    memcpy(it.buf, from, it.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(psram_readblocks_obj, 2, 3, psram_readblocks);

static mp_obj_t psram_writeblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t it;
    uint8_t *to = place(n_args, args, &it, MP_BUFFER_READ);
    memcpy(to, it.buf, it.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(psram_writeblocks_obj, 2, 3, psram_writeblocks);

// To erase does nothing: littlefs does not look at what is there then.
static mp_obj_t psram_ioctl(mp_obj_t operation, mp_obj_t argument) {
    (void)argument;
    switch (mp_obj_get_int(operation)) {
        case 4:
            return MP_OBJ_NEW_SMALL_INT(BLOCKS);
        case 5:
            return MP_OBJ_NEW_SMALL_INT(BLOCK);
        default:
            return MP_OBJ_NEW_SMALL_INT(0);
    }
}
static MP_DEFINE_CONST_FUN_OBJ_2(psram_ioctl_obj, psram_ioctl);

static const mp_rom_map_elem_t psram_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_psram)},
    {MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&psram_readblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&psram_writeblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&psram_ioctl_obj)},
};
static MP_DEFINE_CONST_DICT(psram_globals, psram_globals_table);

const mp_obj_module_t psram_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&psram_globals,
};

MP_REGISTER_MODULE(MP_QSTR_psram, psram_module);
