/* The shapes for one vector width. Before including: NAME, WIDTH, LOAD, STORE, FILL, EQUAL (a mask), LEAST. */

/* Two loads that may overlap cover any length between one and two widths; all loads come before the first store. */
static inline void NAME(move)(u8 *to, const u8 *from, u64 n) {
  if (n < WIDTH) {
#if WIDTH > 16
    if (n >= 16) return sse2_move(to, from, n);
#endif
    if (n >= 8) {
      u64 first = *(const u64 *)from, last = *(const u64 *)(from + n - 8);
      *(u64 *)to = first;
      *(u64 *)(to + n - 8) = last;
    } else if (n >= 4) {
      u32 first = *(const u32 *)from, last = *(const u32 *)(from + n - 4);
      *(u32 *)to = first;
      *(u32 *)(to + n - 4) = last;
    } else if (n) {
      u8 first = from[0], middle = from[n / 2], last = from[n - 1];
      to[0] = first;
      to[n / 2] = middle;
      to[n - 1] = last;
    }
    return;
  }
  NAME(v) head = LOAD(from), tail = LOAD(from + n - WIDTH);
  if (n > 4 * WIDTH && to > from && to < from + n) {
    /* Backwards, four at a time. */
    u8 *at = to + n;
    const u8 *source = from + n;
    for (; at - to > 4 * WIDTH; at -= 4 * WIDTH, source -= 4 * WIDTH) {
      NAME(v) a = LOAD(source - WIDTH), b = LOAD(source - 2 * WIDTH);
      NAME(v) c = LOAD(source - 3 * WIDTH), d = LOAD(source - 4 * WIDTH);
      STORE(at - WIDTH, a);
      STORE(at - 2 * WIDTH, b);
      STORE(at - 3 * WIDTH, c);
      STORE(at - 4 * WIDTH, d);
    }
    for (; at - to > WIDTH; at -= WIDTH, source -= WIDTH) STORE(at - WIDTH, LOAD(source - WIDTH));
  } else if (n > 4 * WIDTH) {
    u64 i = 0;
    for (; i + 4 * WIDTH < n; i += 4 * WIDTH) {
      NAME(v) a = LOAD(from + i), b = LOAD(from + i + WIDTH);
      NAME(v) c = LOAD(from + i + 2 * WIDTH), d = LOAD(from + i + 3 * WIDTH);
      STORE(to + i, a);
      STORE(to + i + WIDTH, b);
      STORE(to + i + 2 * WIDTH, c);
      STORE(to + i + 3 * WIDTH, d);
    }
    for (; i + WIDTH < n; i += WIDTH) STORE(to + i, LOAD(from + i));
  } else if (n > 2 * WIDTH) {
    NAME(v) second = LOAD(from + WIDTH), third = LOAD(from + n - 2 * WIDTH);
    STORE(to + WIDTH, second);
    STORE(to + n - 2 * WIDTH, third);
  }
  STORE(to, head);
  STORE(to + n - WIDTH, tail);
}

/* Long copies are the string instruction's. */
static inline void NAME(copy)(u8 *to, const u8 *from, u64 n) {
  if (n >= 8 * WIDTH) rep_copy(to, from, n);
  else NAME(move)(to, from, n);
}

/* An aligned load never crosses into a page that the string does not touch: the first one starts before the string. */
static inline u64 NAME(length)(const u8 *s) {
  NAME(v) zero = FILL(0);
  const u8 *at = (const u8 *)((u64)s & -(u64)WIDTH);
  u32 mask = EQUAL(LOAD(at), zero) >> (s - at);
  if (mask) return (u64)__builtin_ctz(mask);
  at += WIDTH;
  for (; (u64)at & (4 * WIDTH - 1); at += WIDTH) {
    mask = EQUAL(LOAD(at), zero);
    if (mask) return (u64)(at - s) + (u64)__builtin_ctz(mask);
  }
  /* A zero in any of four vectors is a zero in their minimum. */
  for (;; at += 4 * WIDTH) {
    NAME(v) a = LEAST(LOAD(at), LOAD(at + WIDTH)), b = LEAST(LOAD(at + 2 * WIDTH), LOAD(at + 3 * WIDTH));
    if (EQUAL(LEAST(a, b), zero)) break;
  }
  while (!(mask = EQUAL(LOAD(at), zero))) at += WIDTH;
  return (u64)(at - s) + (u64)__builtin_ctz(mask);
}

static inline const u8 *NAME(find)(const u8 *s, u8 byte, u64 n) {
  NAME(v) wanted = FILL(byte);
  const u8 *at = (const u8 *)((u64)s & -(u64)WIDTH), *end = s + n;
  u32 mask = EQUAL(LOAD(at), wanted) >> (s - at) << (s - at);
  while (!mask) {
    at += WIDTH;
    if (at >= end) return 0;
    mask = EQUAL(LOAD(at), wanted);
  }
  at += __builtin_ctz(mask);
  return at < end ? at : 0;
}

/* Unaligned on both sides, byte by byte where either would cross into another page. */
static inline int NAME(compare)(const u8 *a, const u8 *b) {
  NAME(v) zero = FILL(0);
  for (;;) {
    if (((u64)a & 4095) > 4096 - WIDTH || ((u64)b & 4095) > 4096 - WIDTH) {
      if (*a != *b || !*a) return *a - *b;
      a++, b++;
      continue;
    }
    NAME(v) x = LOAD(a);
    u32 all = WIDTH == 32 ? ~0u : 0xffff;
    u32 stop = (EQUAL(x, LOAD(b)) ^ all) | EQUAL(x, zero);
    if (stop) {
      u32 i = (u32)__builtin_ctz(stop);
      return a[i] - b[i];
    }
    a += WIDTH, b += WIDTH;
  }
}

#undef NAME
#undef WIDTH
#undef LOAD
#undef STORE
#undef FILL
#undef EQUAL
#undef LEAST
