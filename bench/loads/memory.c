/*
 * W2: fourteen instructions a turn over 1 MiB: two 64-bit loads, a store, a call of a leaf of three instructions, its
 * return. argv[1] times 1,000 turns.
 */
#include "start.h"

u64 walk(u8 *buffer, u64 turns);

__asm__(".text\n"
        ".type walk, @function\n"
        "walk:\n"
        "  xorl %ecx, %ecx\n"
        "  xorl %r8d, %r8d\n"
        "1:\n"
        "  movq (%rdi,%rcx), %rax\n"
        "  movq 8(%rdi,%rcx), %rdx\n"
        "  call leaf\n"
        "  movq %rax, (%rdi,%rcx)\n"
        "  addq %rax, %r8\n"
        "  addq $16, %rcx\n"
        "  andl $0xfffff, %ecx\n"
        "  xorq %rsi, %r8\n"
        "  subq $1, %rsi\n"
        "  jne 1b\n"
        "  movq %r8, %rax\n"
        "  ret\n"
        ".size walk, .-walk\n"
        ".type leaf, @function\n"
        "leaf:\n"
        "  addq %rdx, %rax\n"
        "  xorq %r8, %rax\n"
        "  rolq $5, %rax\n"
        "  ret\n"
        ".size leaf, .-leaf\n");

int main(int argc, char **argv) {
  static u8 buffer[1 << 20];
  u64 repeats = argument(argc, argv, 1);
  if (repeats) print_hex(walk(buffer, repeats * 1000), 16);
  print("\n");
  return 0;
}
