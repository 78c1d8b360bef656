// What modhashlib.c asks axTLS for; the code is in md5.c.

#include <stddef.h>
#include <stdint.h>

#define MD5_SIZE (16)

typedef struct {
    uint32_t state[4];
    uint64_t length; // bytes so far
    uint8_t block[64];
} MD5_CTX;

void MD5_Init(MD5_CTX *it);
void MD5_Update(MD5_CTX *it, const uint8_t *data, int size);
void MD5_Final(uint8_t *digest, MD5_CTX *it);
