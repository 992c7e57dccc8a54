/*
 * Arithmetic on doubles, argv[1] rounds of it. Each result is printed as its 64 bits, with six decimals, and with
 * seventeen significant digits, rounded half to even by exact arithmetic on decimal integers.
 */
#include "start.h"

/* m·2^e is an integer in base 10^9, lowest word first, with `places` decimal digits behind its point. */
enum { BASE = 1000000000, WORDS = 92, DIGITS = 9 * WORDS };
typedef struct {
  u32 word[WORDS];
  int words;
} Big;

static void multiply(Big *b, u32 by) {
  u64 carry = 0;
  for (int i = 0; i < b->words; i++) {
    carry += (u64)b->word[i] * by;
    b->word[i] = (u32)(carry % BASE);
    carry /= BASE;
  }
  for (; carry; carry /= BASE) b->word[b->words++] = (u32)(carry % BASE);
}

/* Digits without leading zeroes; `point` of them stand before the decimal point (it may be negative). */
typedef struct {
  char digit[DIGITS];
  int count, point;
} Decimal;

static u64 bits_of(double x) {
  union { double d; u64 u; } both = {x};
  return both.u;
}

static double from_bits(u64 u) {
  union { u64 u; double d; } both = {u};
  return both.d;
}

static void to_decimal(Decimal *d, double x) {
  u64 fraction = bits_of(x) & 0xfffffffffffff;
  int exponent = (int)(bits_of(x) >> 52 & 0x7ff);
  u64 m = exponent ? fraction | 1UL << 52 : fraction;
  int e = (exponent ? exponent : 1) - 1075, places = 0;
  for (; m && !(m & 1); m >>= 1) e++;
  Big b;
  b.words = 0;
  for (; m; m /= BASE) b.word[b.words++] = (u32)(m % BASE);
  for (; e >= 29; e -= 29) multiply(&b, 1u << 29);
  for (; e > 0; e--) multiply(&b, 2);
  /* 2^-e = 5^e / 10^e, 13 powers at a time. */
  for (; e <= -13; e += 13, places += 13) multiply(&b, 1220703125);
  for (; e < 0; e++, places++) multiply(&b, 5);
  d->count = 0;
  for (int i = b.words - 1; i >= 0; i--)
    for (u32 unit = BASE / 10; unit; unit /= 10) {
      char digit = (char)(b.word[i] / unit % 10);
      if (d->count || digit) d->digit[d->count++] = digit;
    }
  d->point = d->count - places;
}

/* Keep this many digits, rounding half to even; zeroes fill up what is missing. */
static void round_to(Decimal *d, int keep) {
  int up = 0;
  if (keep >= 0 && keep < d->count) {
    int rest = 0;
    for (int i = keep + 1; i < d->count; i++) rest |= d->digit[i];
    int is_odd = keep > 0 && d->digit[keep - 1] & 1;
    up = d->digit[keep] > 5 || (d->digit[keep] == 5 && (rest || is_odd));
  }
  if (keep < 0) keep = 0;
  for (int i = d->count; i < keep; i++) d->digit[i] = 0;
  d->count = keep;
  for (int i = keep - 1; up && i >= 0; i--) {
    up = ++d->digit[i] == 10;
    if (up) d->digit[i] = 0;
  }
  if (!up) return;
  for (int i = d->count++; i > 0; i--) d->digit[i] = d->digit[i - 1];
  d->digit[0] = 1;
  d->point++;
}

typedef struct {
  char text[DIGITS + 32];
  int length;
} Text;

static void put(Text *t, char c) { t->text[t->length++] = c; }

/* 0: a number. Otherwise its name has been written. */
static int put_special(Text *t, double x) {
  if (bits_of(x) >> 63) put(t, '-');
  if ((bits_of(x) >> 52 & 0x7ff) != 0x7ff) return 0;
  const char *name = bits_of(x) << 12 ? "nan" : "inf";
  for (int i = 0; i < 3; i++) put(t, name[i]);
  return 1;
}

/* %.*f */
static void put_fixed(Text *t, double x, int precision) {
  if (put_special(t, x)) return;
  Decimal d;
  to_decimal(&d, x);
  round_to(&d, d.point + precision);
  if (d.point <= 0) put(t, '0');
  for (int i = 0; i < d.point; i++) put(t, (char)('0' + d.digit[i]));
  put(t, '.');
  for (int i = d.point; i < d.point + precision; i++) put(t, i >= 0 && i < d.count ? (char)('0' + d.digit[i]) : '0');
}

/* %.*e */
static void put_exponent(Text *t, double x, int precision) {
  if (put_special(t, x)) return;
  Decimal d;
  to_decimal(&d, x);
  int is_zero = d.count == 0;
  round_to(&d, precision + 1);
  put(t, (char)('0' + d.digit[0]));
  put(t, '.');
  for (int i = 1; i <= precision; i++) put(t, (char)('0' + d.digit[i]));
  int e = is_zero ? 0 : d.point - 1;
  put(t, 'e');
  put(t, e < 0 ? '-' : '+');
  if (e < 0) e = -e;
  if (e >= 100) put(t, (char)('0' + e / 100));
  put(t, (char)('0' + e / 10 % 10));
  put(t, (char)('0' + e % 10));
}

static void show(const char *what, double x) {
  Text t;
  t.length = 0;
  while (*what) put(&t, *what++);
  put(&t, ' ');
  for (int i = 60; i >= 0; i -= 4) put(&t, "0123456789abcdef"[bits_of(x) >> i & 15]);
  put(&t, ' ');
  put_fixed(&t, x, 6);
  put(&t, ' ');
  put_exponent(&t, x, 16);
  put(&t, '\n');
  write_bytes(1, t.text, (u64)t.length);
}

static void show_integer(const char *what, u64 n) {
  print(what);
  print(" ");
  print_hex(n, 16);
  print("\n");
}

static double root(double x) {
  __asm__("sqrtsd %0, %0" : "+x"(x));
  return x;
}

static void arithmetic(double a, double b) {
  show("add", a + b);
  show("sub", a - b);
  show("mul", a * b);
  show("div", a / b);
  show("mul-add", a * b + a);
  show("sqrt", root(a));
}

static void conversions(double x) {
  show("float", (double)(float)x);
  show("from-i32", (double)(int)x);
  show("from-i64", (double)(long)x);
  show("from-u64", (double)((u64)(long)x | 1UL << 63 | 1));
  show_integer("to-i32", (u64)(u32)(int)x);
  show_integer("to-i64", (u64)(long)x);
  show_integer("order", (u64)((x < 1.5) | (x > 1.5) << 1 | (x == 1.5) << 2 | (x != x) << 3));
}

int main(int argc, char **argv) {
  /* Volatile: the compiler must not do the work. */
  static volatile double pairs[][2] = {{0.1, 0.2}, {1e15, 3}, {-2.5, 0.0078125}};
  static const u64 edges[] = {
      0x0000000000000000, 0x8000000000000000, 0x7ff0000000000000, 0xfff8000000000000, 0x3f80000000000000,
      0x0010000000000000, 0x44b52d02c7e14af6, 0x40dffffffffeb852, 0x3ff8000000000000, 0xc1e0000000100000,
  };
  for (u64 rounds = argument(argc, argv, 1); rounds; rounds--) {
    for (u64 i = 0; i < sizeof pairs / sizeof pairs[0]; i++) arithmetic(pairs[i][0], pairs[i][1]);
    for (u64 i = 0; i < sizeof edges / sizeof edges[0]; i++) show("edge", from_bits(edges[i]));
    conversions(from_bits(edges[7]));
    conversions(from_bits(edges[9]));
  }
  return 0;
}
