/* The ground under programs without a C library: _start, two system calls, the functions gcc may call, printing. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

int main(int argc, char **argv);

static inline long syscall3(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

enum { SYS_write = 1, SYS_exit_group = 231 };

static inline void write_bytes(int fd, const void *bytes, u64 n) { syscall3(SYS_write, fd, (long)bytes, (long)n); }

static inline void quit(int status) {
  syscall3(SYS_exit_group, status, 0, 0);
  __builtin_unreachable();
}

/* psABI 3.4.1: RSP points at argc and is a multiple of 16, RBP marks the outermost frame. */
__asm__(".text\n"
        ".globl _start\n"
        ".type _start, @function\n"
        "_start:\n"
        "  xorl %ebp, %ebp\n"
        "  movq %rsp, %rdi\n"
        "  call start_c\n"
        "  ud2\n"
        ".size _start, .-_start\n");

#ifdef __PIE__
typedef struct { u64 offset, info, addend; } Rela;
extern const u64 _DYNAMIC[] __attribute__((visibility("hidden")));
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
enum { DT_RELA = 7, DT_RELASZ = 8, R_X86_64_RELATIVE = 8 };

/* A static PIE relocates itself: until then no pointer in initialised data may be followed. */
static void relocate(void) {
  u64 base = (u64)__ehdr_start, table = 0, size = 0;
  for (const u64 *d = _DYNAMIC; d[0]; d += 2) {
    if (d[0] == DT_RELA) table = base + d[1];
    if (d[0] == DT_RELASZ) size = d[1];
  }
  for (const Rela *r = (const Rela *)table; (u64)r < table + size; r++)
    if ((u32)r->info == R_X86_64_RELATIVE) *(u64 *)(base + r->offset) = base + r->addend;
}
#else
static inline void relocate(void) {}
#endif

__attribute__((used)) static void start_c(long *stack) {
  relocate();
  quit(main((int)stack[0], (char **)(stack + 1)));
}

/* gcc turns struct copies and plain loops into calls of these. */
__attribute__((used)) void *memcpy(void *to, const void *from, u64 n) {
  void *at = to;
  __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
  return to;
}

__attribute__((used)) void *memset(void *to, int byte, u64 n) {
  void *at = to;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(byte) : "memory");
  return to;
}

static inline void print(const char *text) {
  u64 n = 0;
  while (text[n]) n++;
  write_bytes(1, text, n);
}

static inline void print_hex(u64 value, int digits) {
  char text[16];
  for (int i = digits - 1; i >= 0; i--, value >>= 4) text[i] = "0123456789abcdef"[value & 15];
  write_bytes(1, text, (u64)digits);
}

/* argv[1] as a decimal number. */
static inline u64 argument(int argc, char **argv, u64 otherwise) {
  if (argc < 2) return otherwise;
  u64 n = 0;
  for (const char *c = argv[1]; *c >= '0' && *c <= '9'; c++) n = n * 10 + (u64)(*c - '0');
  return n;
}

/* splitmix64: the same numbers everywhere. */
static inline u64 random64(u64 *state) {
  u64 z = (*state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
