/*
 * memcpy, memmove, strlen, memchr and strcmp in the shapes that C libraries give them: with 16-byte vectors, with 32-byte
 * ones where the compiler may use them, and with REP. Every shape over many lengths and alignments, argv[1] rounds; each
 * must agree with the plain loop (exit status 1 if one does not), and prints a checksum of its answers.
 */
#include "start.h"
#include "shapes.h"

enum { ROOM = 512, MAX = 200 };
static u8 from[ROOM] __attribute__((aligned(64))), to[ROOM] __attribute__((aligned(64)));

typedef struct {
  const char *name;
  void (*copy)(u8 *to, const u8 *from, u64 n);
  void (*move)(u8 *to, const u8 *from, u64 n);
  u64 (*length)(const u8 *s);
  const u8 *(*find)(const u8 *s, u8 byte, u64 n);
  int (*compare)(const u8 *a, const u8 *b);
} Shapes;

static void plain_move(u8 *to, const u8 *from, u64 n) {
  if (to < from)
    for (u64 i = 0; i < n; i++) ((volatile u8 *)to)[i] = from[i];
  else
    while (n--) ((volatile u8 *)to)[n] = from[n];
}

static u64 plain_length(const u8 *s) {
  const volatile u8 *end = s;
  while (*end) end++;
  return (u64)(end - s);
}

static const u8 *plain_find(const u8 *s, u8 byte, u64 n) {
  for (; n; s++, n--)
    if (*s == byte) return s;
  return 0;
}

static int plain_compare(const u8 *a, const u8 *b) {
  for (; *a && *a == *b; a++) b++;
  return *a - *b;
}

static const Shapes all[] = {
    {"rep", rep_copy, rep_move, rep_length, rep_find, rep_compare},
#ifdef __SSE2__
    {"sse2", sse2_copy, sse2_move, sse2_length, sse2_find, sse2_compare},
#endif
#ifdef __AVX2__
    {"avx2", avx2_copy, avx2_move, avx2_length, avx2_find, avx2_compare},
#endif
};

static u64 sum;
static int wrong;

static void note(u64 is, u64 must_be) {
  sum = (sum ^ is) * 0x100000001b3;
  wrong |= is != must_be;
}

static void fill(void) {
  u64 seed = 7;
  for (u64 i = 0; i < ROOM; i += 8) {
    *(u64 *)(from + i) = random64(&seed) | 0x0101010101010101;
    *(u64 *)(to + i) = 0;
  }
}

static void copies(const Shapes *s, u64 n, u64 a, u64 b) {
  s->copy(to + 64 + a, from + b, n);
  note(to[63 + a], 0);
  for (u64 i = 0; i < n; i += 7) note(to[64 + a + i], from[b + i]);
  if (n) note(to[63 + a + n], from[b + n - 1]);
  note(to[64 + a + n], 0);
  rep_copy(to + 64 + a, from + 256, 0);
  memset(to + 64 + a, 0, n);
}

/* Both directions over overlapping ranges, against the plain loop on a copy of them. */
static void moves(const Shapes *s, u64 n, u64 distance) {
  static u8 expected[ROOM];
  for (int down = 0; down < 2; down++) {
    u64 a = down ? 64 : 64 + distance, b = down ? 64 + distance : 64;
    rep_copy(to, from, 384);
    rep_copy(expected, from, 384);
    s->move(to + a, to + b, n);
    plain_move(expected + a, expected + b, n);
    for (u64 i = 0; i < 384; i += 8) note(*(u64 *)(to + i), *(u64 *)(expected + i));
    memset(to, 0, 384);
  }
}

static u64 index_of(const u8 *found, const u8 *text) { return found ? (u64)(found - text) : ~0UL; }

static void searches(const Shapes *s, u64 n, u64 a) {
  u8 *text = from + a, was = text[n];
  text[n] = 0;
  note(s->length(text), plain_length(text));
  u8 byte = n ? text[n / 2] : 1;
  note(index_of(s->find(text, byte, n), text), index_of(plain_find(text, byte, n), text));
  note(s->find(text, 0, n) != 0, 0);
  rep_copy(to + 32, text, n + 1);
  note(s->compare(text, to + 32) != 0, 0);
  if (n) to[32 + n / 2]++;
  note((u64)(s->compare(text, to + 32) < 0), (u64)(plain_compare(text, to + 32) < 0));
  memset(to + 32, 0, n + 1);
  text[n] = was;
}

int main(int argc, char **argv) {
  /* Around the lengths at which the shapes change their way. */
  static const u8 lengths[] = {0, 1, 3, 4, 8, 15, 16, 17, 31, 33, 64, 65, 130, MAX};
  u64 rounds = argument(argc, argv, 1);
  for (u64 k = 0; k < sizeof all / sizeof all[0]; k++) {
    sum = 0;
    for (u64 round = 0; round < rounds; round++) {
      fill();
      for (u64 i = 0; i < sizeof lengths; i++) {
        copies(&all[k], lengths[i], i % 5, i * 11 % 32);
        searches(&all[k], lengths[i], i * 7 % 32);
      }
      moves(&all[k], 40, 3);
      moves(&all[k], MAX, 16);
    }
    print(all[k].name);
    print(" ");
    print_hex(sum, 16);
    print(wrong ? " wrong\n" : "\n");
  }
  return wrong;
}
