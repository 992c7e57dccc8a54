/* Quicksort of 64-bit integers through a comparison function, argv[1] times in either order; prints a checksum, exits 1 if out of order. */
#include "start.h"

enum { COUNT = 256 };
typedef long (*Compare)(const u64 *, const u64 *);

static long ascending(const u64 *a, const u64 *b) { return *a < *b ? -1 : *a > *b; }
static long descending(const u64 *a, const u64 *b) { return ascending(b, a); }

static void swap(u64 *a, u64 *b) {
  u64 t = *a;
  *a = *b;
  *b = t;
}

/* Hoare's partition around the median of three; insertion where little is left. The smaller side recurses. */
static void sort(u64 *v, long n, Compare compare) {
  while (n > 8) {
    u64 *mid = v + n / 2, *last = v + n - 1;
    if (compare(mid, v) < 0) swap(mid, v);
    if (compare(last, mid) < 0) swap(last, mid);
    if (compare(mid, v) < 0) swap(mid, v);
    u64 pivot = *mid;
    long i = -1, j = n;
    for (;;) {
      do i++;
      while (compare(&v[i], &pivot) < 0);
      do j--;
      while (compare(&pivot, &v[j]) < 0);
      if (i >= j) break;
      swap(&v[i], &v[j]);
    }
    long left = j + 1;
    if (left < n - left) {
      sort(v, left, compare);
      v += left, n -= left;
    } else {
      sort(v + left, n - left, compare);
      n = left;
    }
  }
  for (long i = 1; i < n; i++)
    for (long j = i; j > 0 && compare(&v[j], &v[j - 1]) < 0; j--) swap(&v[j], &v[j - 1]);
}

int main(int argc, char **argv) {
  static u64 v[COUNT];
  static const Compare orders[2] = {ascending, descending};
  u64 times = argument(argc, argv, 1), sum = 0;
  for (u64 t = 0; t < 2 * times; t++) {
    u64 seed = 1;
    Compare compare = orders[t & 1];
    for (int i = 0; i < COUNT; i++) v[i] = random64(&seed) >> (i & 1 ? 0 : 56);
    sort(v, COUNT, compare);
    for (int i = 0; i < COUNT; i++) {
      sum = (sum ^ v[i]) * 0x100000001b3;
      if (i && compare(&v[i], &v[i - 1]) < 0) return 1;
    }
  }
  print_hex(sum, 16);
  print("\n");
  return 0;
}
