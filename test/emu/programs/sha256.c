/* SHA-256 (FIPS 180-4) of argv[1] pieces of 512 bytes; prints the digest. "abc" first: its digest is in the standard. */
#include "start.h"

static const u32 K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

typedef struct {
  u32 h[8];
  u64 length;
  u8 block[64];
} Sha;

static u32 right(u32 x, int n) { return x >> n | x << (32 - n); }

static u32 big_endian(const u8 *p) { return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3]; }

static void compress(u32 *h, const u8 *block) {
  u32 w[64], s[8];
  for (int t = 0; t < 16; t++) w[t] = big_endian(block + 4 * t);
  for (int t = 16; t < 64; t++) {
    u32 s0 = right(w[t - 15], 7) ^ right(w[t - 15], 18) ^ w[t - 15] >> 3;
    u32 s1 = right(w[t - 2], 17) ^ right(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  for (int i = 0; i < 8; i++) s[i] = h[i];
  for (int t = 0; t < 64; t++) {
    u32 t1 = s[7] + (right(s[4], 6) ^ right(s[4], 11) ^ right(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + K[t] + w[t];
    u32 t2 = (right(s[0], 2) ^ right(s[0], 13) ^ right(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    for (int i = 7; i > 0; i--) s[i] = s[i - 1];
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) h[i] += s[i];
}

static void begin(Sha *sha) {
  static const u32 first[8] = {
      0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  };
  for (int i = 0; i < 8; i++) sha->h[i] = first[i];
  sha->length = 0;
}

static void add(Sha *sha, const u8 *bytes, u64 n) {
  for (u64 used = sha->length & 63; n;) {
    u64 room = 64 - used < n ? 64 - used : n;
    memcpy(sha->block + used, bytes, room);
    sha->length += room, bytes += room, n -= room;
    if (used + room == 64) compress(sha->h, sha->block);
    used = (used + room) & 63;
  }
}

static void finish(Sha *sha) {
  u64 bits = sha->length * 8;
  u8 end = 0x80, zero = 0, length[8];
  add(sha, &end, 1);
  while ((sha->length & 63) != 56) add(sha, &zero, 1);
  for (int i = 0; i < 8; i++) length[i] = (u8)(bits >> (56 - 8 * i));
  add(sha, length, 8);
  for (int i = 0; i < 8; i++) print_hex(sha->h[i], 8);
  print("\n");
}

int main(int argc, char **argv) {
  static u8 piece[512];
  u64 pieces = argument(argc, argv, 1), seed = 1;
  Sha sha;
  begin(&sha);
  add(&sha, (const u8 *)"abc", 3);
  finish(&sha);
  for (u64 i = 0; i < sizeof piece; i++) piece[i] = (u8)random64(&seed);
  begin(&sha);
  for (u64 i = 0; i < pieces; i++) add(&sha, piece, sizeof piece);
  finish(&sha);
  return 0;
}
