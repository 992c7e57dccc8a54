/* W1: ten instructions a turn on 64-bit registers: add xor shl imul xor add xor add cmp jne. argv[1] times 1,000 turns. */
#include "start.h"

u64 alu(u64 turns);

/* Each of the ten takes an earlier one's result: a chain, as in hashes and random number generators. */
__asm__(".text\n"
        ".type alu, @function\n"
        "alu:\n"
        "  movl $1, %eax\n"
        "  movl $3, %edx\n"
        "  xorl %ecx, %ecx\n"
        "1:\n"
        "  addq %rdx, %rax\n"
        "  xorq %rcx, %rax\n"
        "  shlq $3, %rdx\n"
        "  imulq %rax, %rdx\n"
        "  xorq %rax, %rdx\n"
        "  addq $7, %rdx\n"
        "  xorq %rdx, %rax\n"
        "  addq $1, %rcx\n"
        "  cmpq %rdi, %rcx\n"
        "  jne 1b\n"
        "  ret\n"
        ".size alu, .-alu\n");

int main(int argc, char **argv) {
  u64 repeats = argument(argc, argv, 1);
  if (repeats) print_hex(alu(repeats * 1000), 16);
  print("\n");
  return 0;
}
