// Runs code bytes on the host's own CPU with a given state, and reports the state they left or faulted with.
// Reads fixed-size records from standard input, writes one for each to standard output.
//
// The code stands in two pages full of INT3, at the start of the second one: wherever it goes on to, it traps there, and
// the state is read from the signal's frame. Faults are seen in the same way.
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE ((unsigned char *)0x20000000)
#define CODE_SIZE 248
#define PAGE 4096
#define INT3 0xcc
#define DATA ((unsigned char *)0x30000000)
#define DATA_SIZE 1024
// The data once more, in a page that cannot be written. The pages beside both are not mapped.
#define READ_ONLY ((unsigned char *)0x30002000)
// The standard form of XSAVE's area with x87, SSE and AVX state: 512 + 64 + 256 bytes.
#define XSAVE_SIZE 832

struct state {
  uint64_t gpr[16];
  uint64_t flags;
  uint64_t rip;
  uint64_t fs_base, gs_base;
  // ES CS SS DS FS GS: told, not taken.
  uint16_t selectors[6];
  unsigned char unused[20];
  unsigned char xsave[XSAVE_SIZE];
  unsigned char data[DATA_SIZE];
};
struct request {
  uint64_t length;
  unsigned char code[CODE_SIZE];
  struct state state;
};
struct reply {
  uint64_t signal, code, address, error;
  struct state state;
};

// At a fixed low address, so that the stub below needs no register to reach it.
#define SHARED ((struct state *)0x40000000)
#define HOST_FS_BASE ((uint64_t *)0x40001000)
#define TARGET ((unsigned char **)0x40001008)

extern char enter[];
// 158: arch_prctl, 0x1002: ARCH_SET_FS. From there on no C code may run before the old base is back.
__asm__(".intel_syntax noprefix\n"
        "enter:\n"
        "  mov eax, 158; mov edi, 0x1002; mov rsi, [0x40000090]; syscall\n"
        "  mov eax, 7; xor edx, edx\n"
        "  xrstor [0x400000c0]\n"
        "  push qword ptr [0x40000080]\n"
        "  popfq\n"
        "  mov rax, [0x40000000]; mov rcx, [0x40000008]; mov rdx, [0x40000010]; mov rbx, [0x40000018]\n"
        "  mov rsp, [0x40000020]; mov rbp, [0x40000028]; mov rsi, [0x40000030]; mov rdi, [0x40000038]\n"
        "  mov r8, [0x40000040]; mov r9, [0x40000048]; mov r10, [0x40000050]; mov r11, [0x40000058]\n"
        "  mov r12, [0x40000060]; mov r13, [0x40000068]; mov r14, [0x40000070]; mov r15, [0x40000078]\n"
        "  jmp qword ptr [0x40001008]\n"
        ".att_syntax\n");

static sigjmp_buf stopped;
static struct reply out;

#define ARCH_PRCTL(code, at)                                                                        \
  do {                                                                                              \
    long number = SYS_arch_prctl;                                                                   \
    __asm__ volatile("syscall" : "+a"(number) : "D"(code), "S"(at) : "rcx", "r11", "memory");       \
  } while (0)

// Back from the guest's segments and its alignment check to what C code expects: nothing may come before this.
#define HOST_AGAIN()                                                                                \
  uint16_t fs, gs, es, ds;                                                                          \
  __asm__ volatile("pushfq; andq $~0x40000, (%%rsp); popfq\n"                                       \
                   "movw %%fs, %0; movw %%gs, %1; movw %%es, %2; movw %%ds, %3\n"                   \
                   : "=r"(fs), "=r"(gs), "=r"(es), "=r"(ds));                                       \
  ARCH_PRCTL(ARCH_GET_FS, &SHARED->fs_base);                                                        \
  ARCH_PRCTL(ARCH_GET_GS, &SHARED->gs_base);                                                        \
  __asm__ volatile("movw %w0, %%fs; movw %w0, %%gs; movw %w0, %%es; movw %w0, %%ds" : : "r"(0));    \
  ARCH_PRCTL(ARCH_SET_FS, *HOST_FS_BASE)

static void on_signal(int sig, siginfo_t *info, void *context) {
  HOST_AGAIN();
  // Order of mcontext's registers: R8-R15 RDI RSI RBP RBX RDX RAX RCX RSP RIP EFL.
  static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
  for (int i = 0; i < 16; i++) SHARED->gpr[i] = m->gregs[order[i]];
  SHARED->flags = m->gregs[REG_EFL];
  SHARED->rip = m->gregs[REG_RIP];
  // CS, GS, FS and SS, 16 bits each.
  uint64_t segments = m->gregs[REG_CSGSFS];
  uint16_t selectors[6] = {es, segments, segments >> 48, ds, fs, gs};
  memcpy(SHARED->selectors, selectors, sizeof selectors);
  memcpy(SHARED->xsave, m->fpregs, XSAVE_SIZE);
  out.signal = sig;
  out.code = (uint64_t)(int64_t)info->si_code;
  out.address = (uint64_t)info->si_addr;
  out.error = m->gregs[REG_ERR];
  siglongjmp(stopped, 1);
}

static int map(void *at, size_t size, int protection, int flags, int file) {
  return mmap(at, size, protection, flags | MAP_FIXED, file, 0) == at;
}

int main(void) {
  static char altstack[65536];
  int rw = PROT_READ | PROT_WRITE, fresh = MAP_PRIVATE | MAP_ANONYMOUS;
  int file = memfd_create("read-only", 0);
  static unsigned char *read_only = (unsigned char *)0x50000000;
  if (ftruncate(file, PAGE) || !map(CODE - PAGE, 2 * PAGE, rw | PROT_EXEC, fresh, -1) || !map(DATA, PAGE, rw, fresh, -1) ||
      !map(READ_ONLY, PAGE, PROT_READ, MAP_SHARED, file) || !map(read_only, PAGE, rw, MAP_SHARED, file) ||
      !map(SHARED, 2 * PAGE, rw, fresh, -1))
    return 1;
  memset(CODE - PAGE, INT3, 2 * PAGE);
  stack_t stack = {.ss_sp = altstack, .ss_size = sizeof altstack};
  sigaltstack(&stack, 0);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO};
  int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (unsigned i = 0; i < sizeof caught / sizeof *caught; i++) sigaction(caught[i], &action, 0);
  *TARGET = CODE;
  ARCH_PRCTL(ARCH_GET_FS, HOST_FS_BASE);

  static struct request in;
  while (fread(&in, sizeof in, 1, stdin) == 1) {
    memset(&out, 0, sizeof out);
    memset(CODE, INT3, CODE_SIZE);
    memcpy(CODE, in.code, in.length);
    *SHARED = in.state;
    memcpy(DATA, in.state.data, DATA_SIZE);
    memset(DATA + DATA_SIZE, 0, PAGE - DATA_SIZE);
    memcpy(read_only, in.state.data, DATA_SIZE);
    ARCH_PRCTL(ARCH_SET_GS, in.state.gs_base);
    if (sigsetjmp(stopped, 1) == 0) ((void (*)(void))enter)();
    // No pending x87 exception, an empty x87 stack, every exception masked.
    uint32_t masked = 0x1f80;
    __asm__ volatile("fninit; ldmxcsr %0; cld" : : "m"(masked));
    out.state = *SHARED;
    memcpy(out.state.data, DATA, DATA_SIZE);
    fwrite(&out, sizeof out, 1, stdout);
  }
  return 0;
}
