/*
 * A static ELF program under Unicorn, native and from C: unicorn MODE FILE [ARGS...].
 * MODE: plain (no hook on code), hook (an empty hook on every instruction), registers (a hook that reads all 16 general
 * registers in one batch). The program's output is ours; seconds inside uc_emu_start and instructions hooked go to
 * descriptor 3.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unicorn/unicorn.h>
#include <unistd.h>

enum { PAGE = 4096, STACK_SIZE = 1 << 20, SYS_WRITE = 1, SYS_EXIT_GROUP = 231 };
static const uint64_t stack_top = 0x7ffffffff000;

static void check(uc_err error, const char *what) {
  if (error == UC_ERR_OK) return;
  fprintf(stderr, "unicorn: %s: %s\n", what, uc_strerror(error));
  exit(125);
}

static uint64_t hooked;
static int status = -1;

static void count(uc_engine *uc, uint64_t address, uint32_t size, void *data) {
  (void)uc, (void)address, (void)size, (void)data;
  hooked++;
}

static int ids[16] = {
    UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX, UC_X86_REG_RSP, UC_X86_REG_RBP,
    UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_R8,  UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11,
    UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15,
};
static uint64_t registers[16];
static void *places[16];

static void read_registers(uc_engine *uc, uint64_t address, uint32_t size, void *data) {
  (void)address, (void)size, (void)data;
  hooked++;
  uc_reg_read_batch(uc, ids, places, 16);
}

/* RIP is still at the instruction, and Unicorn steps over it. */
static void on_syscall(uc_engine *uc, void *data) {
  (void)data;
  uint64_t number, fd, buffer, size;
  uc_reg_read(uc, UC_X86_REG_RAX, &number);
  uc_reg_read(uc, UC_X86_REG_RDI, &fd);
  if (number == SYS_EXIT_GROUP) {
    status = (int)(fd & 0xff);
    uc_emu_stop(uc);
    return;
  }
  if (number != SYS_WRITE) {
    fprintf(stderr, "unicorn: system call %lu: only write and exit_group are served\n", (unsigned long)number);
    exit(125);
  }
  uc_reg_read(uc, UC_X86_REG_RSI, &buffer);
  uc_reg_read(uc, UC_X86_REG_RDX, &size);
  char *bytes = malloc(size);
  check(uc_mem_read(uc, buffer, bytes, size), "write");
  if (write((int)fd, bytes, size) != (ssize_t)size) exit(125);
  free(bytes);
  uc_reg_write(uc, UC_X86_REG_RAX, &size);
}

static uint64_t load(uc_engine *uc, const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(2);
  }
  fseek(file, 0, SEEK_END);
  long length = ftell(file);
  char *bytes = malloc((size_t)length);
  rewind(file);
  if (fread(bytes, 1, (size_t)length, file) != (size_t)length) exit(2);
  fclose(file);
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes;
  const Elf64_Phdr *segment = (const Elf64_Phdr *)(bytes + header->e_phoff);
  for (int i = 0; i < header->e_phnum; i++, segment++) {
    if (segment->p_type != PT_LOAD) continue;
    uint64_t from = segment->p_vaddr & -(uint64_t)PAGE;
    uint64_t to = (segment->p_vaddr + segment->p_memsz + PAGE - 1) & -(uint64_t)PAGE;
    uint32_t rights = (segment->p_flags & PF_R ? UC_PROT_READ : 0) | (segment->p_flags & PF_W ? UC_PROT_WRITE : 0) |
                      (segment->p_flags & PF_X ? UC_PROT_EXEC : 0);
    check(uc_mem_map(uc, from, to - from, rights), "map");
    check(uc_mem_write(uc, segment->p_vaddr, bytes + segment->p_offset, segment->p_filesz), "load");
  }
  uint64_t entry = header->e_entry;
  free(bytes);
  return entry;
}

/* argc, argv and no environment; these programs look at nothing else. */
static void make_stack(uc_engine *uc, int argc, char **argv) {
  check(uc_mem_map(uc, stack_top - STACK_SIZE, STACK_SIZE, UC_PROT_READ | UC_PROT_WRITE), "stack");
  uint64_t at = stack_top, words[64] = {(uint64_t)argc};
  for (int i = 0; i < argc; i++) {
    at -= strlen(argv[i]) + 1;
    check(uc_mem_write(uc, at, argv[i], strlen(argv[i]) + 1), "arguments");
    words[1 + i] = at;
  }
  at = (at - sizeof words) & -16UL;
  check(uc_mem_write(uc, at, words, sizeof words), "stack");
  uc_reg_write(uc, UC_X86_REG_RSP, &at);
}

int main(int argc, char **argv) {
  if (argc < 3 || argc > 32) {
    fprintf(stderr, "usage: unicorn plain|hook|registers FILE [ARGS...]\n");
    return 2;
  }
  uc_engine *uc;
  uc_hook code, syscalls;
  check(uc_open(UC_ARCH_X86, UC_MODE_64, &uc), "open");
  uint64_t entry = load(uc, argv[2]);
  make_stack(uc, argc - 2, argv + 2);
  for (int i = 0; i < 16; i++) places[i] = &registers[i];
  check(uc_hook_add(uc, &syscalls, UC_HOOK_INSN, on_syscall, NULL, 1, 0, UC_X86_INS_SYSCALL), "hook");
  void *hook = strcmp(argv[1], "hook") == 0 ? (void *)count : strcmp(argv[1], "registers") == 0 ? (void *)read_registers : NULL;
  if (hook) check(uc_hook_add(uc, &code, UC_HOOK_CODE, hook, NULL, 1, 0), "hook");
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  check(uc_emu_start(uc, entry, 0, 0, 0), "run");
  clock_gettime(CLOCK_MONOTONIC, &end);
  unsigned major, minor;
  uc_version(&major, &minor);
  dprintf(3, "%.9f %lu %u.%u\n", (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9,
          (unsigned long)hooked, major, minor);
  return status;
}
