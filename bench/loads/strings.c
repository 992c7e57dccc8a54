/* strlen and memcpy as C libraries shape them for SSE2, on strings of 1 to 300 bytes at all alignments, argv[1] times. */
#include "start.h"
#include "shapes.h"

static u8 text[4096] __attribute__((aligned(64))), copy[4096] __attribute__((aligned(64)));

int main(int argc, char **argv) {
  u64 sum = 0;
  for (u64 i = 0, seed = 1; i < sizeof text; i++) text[i] = (u8)random64(&seed) | 1;
  for (u64 repeats = argument(argc, argv, 1); repeats; repeats--)
    for (u64 n = 1; n < 300; n += 13) {
      u64 at = n * 7 % 64;
      text[at + n] = 0;
      u64 length = sse2_length(text + at);
      sse2_move(copy + n % 31, text + at, length + 1);
      sum += length + copy[n % 31 + length / 2];
      text[at + n] = 1;
    }
  print_hex(sum, 16);
  print("\n");
  return 0;
}
