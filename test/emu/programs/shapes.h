/* memcpy, memmove, strlen, memchr and strcmp as C libraries shape them, by prefix: rep_, sse2_, avx2_. After start.h. */

/* REP: what a library takes for long copies, and the old string instructions for the rest. */
static inline void rep_copy(u8 *to, const u8 *from, u64 n) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static inline void rep_move(u8 *to, const u8 *from, u64 n) {
  if ((u64)(to - from) >= n) return rep_copy(to, from, n);
  to += n - 1, from += n - 1;
  __asm__ volatile("std\n rep movsb\n cld" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static inline u64 rep_length(const u8 *s) {
  u64 n = ~0UL;
  __asm__ volatile("repne scasb" : "+D"(s), "+c"(n) : "a"(0) : "memory");
  return ~n - 1;
}

static inline const u8 *rep_find(const u8 *s, u8 byte, u64 n) {
  if (!n) return 0;
  u8 found;
  __asm__ volatile("repne scasb\n sete %2" : "+D"(s), "+c"(n), "=r"(found) : "a"(byte) : "memory", "cc");
  return found ? s - 1 : 0;
}

static inline int rep_compare(const u8 *a, const u8 *b) {
  u64 n = rep_length(a) + 1;
  __asm__ volatile("repe cmpsb" : "+S"(a), "+D"(b), "+c"(n) : : "memory", "cc");
  return a[-1] - b[-1];
}

#ifdef __SSE2__
#include <immintrin.h>

#define NAME(what) sse2_##what
#define WIDTH 16
typedef __m128i sse2_v;
#define LOAD(p) _mm_loadu_si128((const __m128i *)(p))
#define STORE(p, v) _mm_storeu_si128((__m128i *)(p), v)
#define FILL(byte) _mm_set1_epi8((char)(byte))
#define EQUAL(a, b) ((u32)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b)))
#define LEAST(a, b) _mm_min_epu8(a, b)
#include "string-shapes.h"
#endif

#ifdef __AVX2__
#define NAME(what) avx2_##what
#define WIDTH 32
typedef __m256i avx2_v;
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define STORE(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#define FILL(byte) _mm256_set1_epi8((char)(byte))
#define EQUAL(a, b) ((u32)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b)))
#define LEAST(a, b) _mm256_min_epu8(a, b)
#include "string-shapes.h"
#endif
