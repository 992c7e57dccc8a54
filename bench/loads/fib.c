/* Recursion: the fifteenth Fibonacci number by its definition, argv[1] times. */
#include "start.h"

__attribute__((noipa)) static u64 fib(u64 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

int main(int argc, char **argv) {
  u64 sum = 0;
  for (u64 repeats = argument(argc, argv, 1); repeats; repeats--) sum += fib(15);
  print_hex(sum, 16);
  print("\n");
  return 0;
}
