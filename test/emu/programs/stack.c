/* What a program finds when it starts: prints argc, strings, the auxiliary vector's types and what it can check of them. */
#include "start.h"

enum { AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7, AT_ENTRY = 9, AT_PLATFORM = 15, AT_CLKTCK = 17 };
enum { AT_SECURE = 23, AT_RANDOM = 25, AT_EXECFN = 31, AT_SYSINFO_EHDR = 33 };

typedef struct {
  u32 type, flags;
  u64 offset, vaddr, paddr, filesz, memsz, align;
} Phdr;

extern const char __ehdr_start[] __attribute__((visibility("hidden")));
void _start(void);

static void line(const char *what, const char *text) {
  print(what);
  print(" ");
  print(text);
  print("\n");
}

static void number(const char *what, u64 n) {
  print(what);
  print(" ");
  print_hex(n, 16);
  print("\n");
}

/* Relocated pointers, zeroed and initialised data: what the loader, or the program for itself, must have got right. */
static const char *const words[] = {"relocated", "pointers"};
static u64 zeroes[3000], number_one = 1;

int main(int argc, char **argv) {
  number("argc", (u64)argc);
  number("aligned", ((u64)(argv - 1) & 15) == 0);
  for (int i = 1; i < argc; i++) line("arg", argv[i]);
  char **env = argv + argc + 1;
  number("argv ends", argv[argc] == 0);
  for (; *env; env++) line("env", *env);
  for (const u64 *a = (const u64 *)(env + 1);; a += 2) {
    /* The kernel's version and the machine decide whether these are there. */
    if (a[0] == AT_SYSINFO_EHDR || a[0] == 51 || a[0] == 27 || a[0] == 28 || a[0] == 29) continue;
    number("aux", a[0]);
    if (a[0] == AT_PHDR) number("  is right", a[1] == (u64)__ehdr_start + *(const u64 *)(__ehdr_start + 32));
    if (a[0] == AT_PHDR) number("  first type", ((const Phdr *)a[1])->type);
    if (a[0] == AT_PHENT || a[0] == AT_PHNUM || a[0] == AT_PAGESZ || a[0] == AT_BASE || a[0] == AT_CLKTCK || a[0] == AT_SECURE)
      number("  is", a[1]);
    if (a[0] == AT_ENTRY) number("  is right", a[1] == (u64)_start);
    if (a[0] == AT_PLATFORM) line("  is", (const char *)a[1]);
    if (a[0] == AT_EXECFN) line("  is", (const char *)a[1]);
    if (a[0] == AT_RANDOM) number("  is above", a[1] > (u64)a);
    if (a[0] == 0) break;
  }
  for (u64 i = 0; i < sizeof words / sizeof words[0]; i++) line("word", words[i]);
  u64 sum = number_one;
  for (u64 i = 0; i < sizeof zeroes / sizeof zeroes[0]; i++) sum += zeroes[i];
  number("sum", sum);
  return 7;
}
