// Runs code bytes on the host's own CPU with a given state, and reports the state they left or faulted with.
// Reads fixed-size records from standard input, writes one for each to standard output.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define CODE ((unsigned char *)0x20000000)
#define DATA ((unsigned char *)0x30000000)
#define DATA_SIZE 512
// The standard form of XSAVE's area with x87, SSE and AVX state: 512 + 64 + 256 bytes.
#define XSAVE_SIZE 832

struct state {
  uint64_t gpr[16];
  uint64_t flags;
  uint64_t rip;
  unsigned char unused[48];
  unsigned char xsave[XSAVE_SIZE];
  unsigned char data[DATA_SIZE];
};
struct request {
  uint64_t length;
  unsigned char code[56];
  struct state state;
};
struct reply {
  uint64_t signal, code, address, error;
  struct state state;
};

// At a fixed low address, so that the stubs below need no register to reach it.
#define SHARED ((struct state *)0x40000000)
#define HOST_SP ((uint64_t *)0x40001000)

extern char enter[], leave[];
__asm__(".intel_syntax noprefix\n"
        ".globl enter, leave\n"
        "enter:\n"
        "  push rbx; push rbp; push r12; push r13; push r14; push r15\n"
        "  mov [0x40001000], rsp\n"
        "  mov eax, 7; xor edx, edx\n"
        "  xrstor [0x400000c0]\n"
        "  push qword ptr [0x40000080]\n"
        "  popfq\n"
        "  mov rax, [0x40000000]; mov rcx, [0x40000008]; mov rdx, [0x40000010]; mov rbx, [0x40000018]\n"
        "  mov rsp, [0x40000020]; mov rbp, [0x40000028]; mov rsi, [0x40000030]; mov rdi, [0x40000038]\n"
        "  mov r8, [0x40000040]; mov r9, [0x40000048]; mov r10, [0x40000050]; mov r11, [0x40000058]\n"
        "  mov r12, [0x40000060]; mov r13, [0x40000068]; mov r14, [0x40000070]; mov r15, [0x40000078]\n"
        "  jmp qword ptr [0x40001008]\n"
        "leave:\n"
        "  mov [0x40000000], rax; mov [0x40000008], rcx; mov [0x40000010], rdx; mov [0x40000018], rbx\n"
        "  mov [0x40000020], rsp; mov [0x40000028], rbp; mov [0x40000030], rsi; mov [0x40000038], rdi\n"
        "  mov [0x40000040], r8; mov [0x40000048], r9; mov [0x40000050], r10; mov [0x40000058], r11\n"
        "  mov [0x40000060], r12; mov [0x40000068], r13; mov [0x40000070], r14; mov [0x40000078], r15\n"
        "  mov rsp, [0x40001000]\n"
        "  pushfq\n"
        "  pop qword ptr [0x40000080]\n"
        "  mov eax, 7; xor edx, edx\n"
        "  xsave [0x400000c0]\n"
        // What C code expects: no pending x87 exception, empty x87 stack, every exception masked.
        "  fninit\n"
        "  ldmxcsr [0x40001010]\n"
        "  cld\n"
        "  pop r15; pop r14; pop r13; pop r12; pop rbp; pop rbx\n"
        "  ret\n"
        ".att_syntax\n");

static sigjmp_buf faulted;
static struct reply out;

static void on_fault(int sig, siginfo_t *info, void *context) {
  // Order of mcontext's registers: R8-R15 RDI RSI RBP RBX RDX RAX RCX RSP RIP EFL.
  static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
  for (int i = 0; i < 16; i++) SHARED->gpr[i] = m->gregs[order[i]];
  SHARED->flags = m->gregs[REG_EFL];
  SHARED->rip = m->gregs[REG_RIP];
  memcpy(SHARED->xsave, m->fpregs, XSAVE_SIZE);
  out.signal = sig;
  out.code = (uint64_t)(int64_t)info->si_code;
  out.address = (uint64_t)info->si_addr;
  out.error = m->gregs[REG_ERR];
  siglongjmp(faulted, 1);
}

int main(void) {
  static char altstack[65536];
  int rw = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  if (mmap(CODE, 4096, rw | PROT_EXEC, flags, -1, 0) == MAP_FAILED) return 1;
  if (mmap(DATA, 4096, rw, flags, -1, 0) == MAP_FAILED) return 1;
  if (mmap((void *)SHARED, 8192, rw, flags, -1, 0) == MAP_FAILED) return 1;
  stack_t stack = {.ss_sp = altstack, .ss_size = sizeof altstack};
  sigaltstack(&stack, 0);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO};
  int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (unsigned i = 0; i < sizeof caught / sizeof *caught; i++) sigaction(caught[i], &action, 0);
  *(void **)0x40001008 = CODE;
  *(uint32_t *)0x40001010 = 0x1f80;

  static struct request in;
  while (fread(&in, sizeof in, 1, stdin) == 1) {
    memset(&out, 0, sizeof out);
    memcpy(CODE, in.code, in.length);
    // jmp [rip]; the address of `leave`
    memcpy(CODE + in.length, "\xff\x25\0\0\0\0", 6);
    *(void **)(CODE + in.length + 6) = leave;
    *SHARED = in.state;
    memcpy(DATA, in.state.data, DATA_SIZE);
    if (sigsetjmp(faulted, 1) == 0) ((void (*)(void))enter)();
    else {
      __asm__ volatile("fninit; ldmxcsr 0x40001010; cld");
    }
    out.state = *SHARED;
    memcpy(out.state.data, DATA, DATA_SIZE);
    fwrite(&out, sizeof out, 1, stdout);
  }
  return 0;
}
