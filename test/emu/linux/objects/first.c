/* One of two objects: what a C compiler puts into sections of its own, and names of the other object and of nobody. */
#include "both.h"

int tentative[5];

/* second.c has a definition proper. */
__attribute__((weak)) long answer(void) { return 1; }

static const char *const words[] = {"call", "gate", "stack", "C"};
static const short primes[] = {2, 3, 5, 7, 11, 13, 17, 19};
static long counted = 100;
static long calls;
static unsigned char page[5000] __attribute__((aligned(64)));

static long length(const char *s) {
  long n = 0;
  while (s[n]) n++;
  return n;
}

static long word(long n) { return length(words[n & 3]) * 256 + words[n & 3][0]; }
static long prime(long n) { return primes[n & 7]; }
static long count(long n) { return counted += n; }
static long common(long n) {
  tentative[n & 3] += (int)n + 1;
  return tentative[n & 3] * 1000 + second_tentative(n & 3);
}
static long shared(long n) { return values[n & 3] + *value_pointers[n & 3]; }
static long abroad(long n) { return outside(n) + outside(n + 1) * twice(n); }
static long weakly(long n) { return answer() + (nobody ? nobody(n) : 7); }
static long bytes(long n) {
  for (long i = 0; i < 5000; i += 7) page[i] += (unsigned char)(n + i);
  return page[(n * 7) % 5000] + page[4999] + (((unsigned long)page & 63) == 0);
}

/* Dense enough for a jump table. */
static long switched(long n) {
  switch (n & 15) {
    case 0: return outside(0) - 3;
    case 1: return 17;
    case 2: return prime(n) * 2;
    case 3: return values[1];
    case 4: return -99;
    case 5: return twice(n);
    case 6: return word(n) ^ 0x55;
    case 7: return (long)length("a string of its own");
    case 8: return answer();
    default: return n * n;
  }
}

static long recursive(long n) {
  volatile long local[9];
  for (int i = 0; i < 9; i++) local[i] = n + i;
  return n > 0 ? recursive(n / 2) + local[n % 9] * outside(n) : local[0];
}

static double real(double x) { return x * 2.5 + 0.125; }
static long floating(long n) { return (long)(real((double)n) * 8.0); }

static long (*const operations[])(long) = {word, prime, count, common, shared, abroad, weakly, bytes, switched, recursive, floating};

long run(long which, long n) {
  calls++;
  return operations[which](n) + calls;
}

long operation_count(void) { return sizeof operations / sizeof *operations; }
