// MD5 (RFC 1321), written to be short: the target is little-endian, and nothing here is in a hurry.

#include <string.h>

#include "lib/axtls/crypto/crypto.h"

static const uint8_t SHIFTS[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

// floor(2^32 * |sin(i + 1)|)
static const uint32_t SINES[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static void mix(MD5_CTX *it) {
    uint32_t words[16];
    uint32_t a = it->state[0], b = it->state[1], c = it->state[2], d = it->state[3];
    memcpy(words, it->block, sizeof(words));
    for (int i = 0; i < 64; ++i) {
        int round = i / 16, word;
        uint32_t f;
        if (round == 0) {
            f = (b & c) | (~b & d), word = i;
        } else if (round == 1) {
            f = (d & b) | (~d & c), word = 5 * i + 1;
        } else if (round == 2) {
            f = b ^ c ^ d, word = 3 * i + 5;
        } else {
            f = c ^ (b | ~d), word = 7 * i;
        }
        uint32_t sum = a + f + SINES[i] + words[word % 16];
        int shift = SHIFTS[round][i % 4];
        a = d, d = c, c = b;
        b += sum << shift | sum >> (32 - shift);
    }
    it->state[0] += a, it->state[1] += b, it->state[2] += c, it->state[3] += d;
}

void MD5_Init(MD5_CTX *it) {
    static const uint32_t START[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    memcpy(it->state, START, sizeof(START));
    it->length = 0;
}

void MD5_Update(MD5_CTX *it, const uint8_t *data, int size) {
    while (size-- > 0) {
        it->block[it->length++ % 64] = *data++;
        if (it->length % 64 == 0) {
            mix(it);
        }
    }
}

void MD5_Final(uint8_t *digest, MD5_CTX *it) {
    uint64_t bits = it->length * 8;
    MD5_Update(it, (const uint8_t *)"\x80", 1);
    while (it->length % 64 != 56) {
        MD5_Update(it, (const uint8_t *)"", 1);
    }
    MD5_Update(it, (const uint8_t *)&bits, sizeof(bits));
    memcpy(digest, it->state, MD5_SIZE);
}
