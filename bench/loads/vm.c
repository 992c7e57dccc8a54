/* An interpreter: bytecode that counts the primes below 200 by trial division, through a jump table; argv[1] times. */
#include "start.h"

enum { SET, ADD, ADDI, MUL, MOD, JLT, JEQ, JNE, JMP, GT, OUT };
typedef struct {
  u8 op, a, b;
  signed char to;
} Op;

/* Registers: 0 number, 1 divisor, 2 scratch, 3 count, 4 limit, 5 zero, 6 two. */
static const Op code[] = {
    /*  0 */ {SET, 3, 0, 0},   {SET, 4, 0, 100}, {ADD, 4, 4, 0}, {SET, 5, 0, 0}, {SET, 6, 0, 2},
    /*  5 */ {SET, 0, 0, 2},
    /*  6 */ {SET, 1, 0, 2},
    /*  7 */ {SET, 2, 0, 0},   {ADD, 2, 1, 0},   {MUL, 2, 1, 0}, {GT, 2, 0, 0},  {JNE, 2, 5, 17},
    /* 12 */ {SET, 2, 0, 0},   {ADD, 2, 0, 0},   {MOD, 2, 1, 0}, {JEQ, 2, 5, 18}, {JMP, 0, 0, 21},
    /* 17 */ {ADDI, 3, 0, 1},
    /* 18 */ {ADDI, 0, 0, 1},  {JLT, 0, 4, 6},   {OUT, 3, 0, 0},
    /* 21 */ {ADDI, 1, 0, 1},  {JMP, 0, 0, 7},
};

__attribute__((noipa)) static u64 run(const Op *program) {
  u64 r[8] = {0};
  for (const Op *op = program;;) {
    const Op *next = op + 1;
    switch (op->op) {
      case SET: r[op->a] = (u64)(long)op->to; break;
      case ADD: r[op->a] += r[op->b]; break;
      case ADDI: r[op->a] += (u64)(long)op->to; break;
      case MUL: r[op->a] *= r[op->b]; break;
      case MOD: r[op->a] %= r[op->b]; break;
      case JLT: if (r[op->a] < r[op->b]) next = program + op->to; break;
      case JEQ: if (r[op->a] == r[op->b]) next = program + op->to; break;
      case JNE: if (r[op->a] != r[op->b]) next = program + op->to; break;
      case JMP: next = program + op->to; break;
      case GT: r[op->a] = r[op->a] > r[op->b]; break;
      case OUT: return r[op->a];
    }
    op = next;
  }
}

int main(int argc, char **argv) {
  u64 sum = 0;
  for (u64 repeats = argument(argc, argv, 1); repeats; repeats--) sum += run(code);
  print_hex(sum, 16);
  print("\n");
  return 0;
}
