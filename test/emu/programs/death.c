/* Ways for a program to end other than by returning: argv[1] chooses one. */
#include "start.h"

int main(int argc, char **argv) {
  static volatile u64 zero;
  switch (argument(argc, argv, 0)) {
    case 1: return (int)*(volatile u64 *)zero;
    case 2: *(volatile u64 *)main = 0; break;
    case 3: ((void (*)(void))argv[0])(); break;
    case 4: __asm__ volatile("ud2"); break;
    case 5: __asm__ volatile("int3"); break;
    case 6: return (int)(12345 / zero);
    case 7: __asm__ volatile("hlt"); break;
    case 8: return (int)*(volatile u64 *)(zero + (1UL << 63));
    case 9: quit(300);
  }
  return 0;
}
