// Runs code bytes on the host's own CPU with given registers, flags and data, and reports what they left.
// Reads fixed-size records from standard input, writes one for each to standard output.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define CODE ((unsigned char *)0x20000000)
#define DATA ((unsigned char *)0x30000000)
#define DATA_SIZE 512
#define XMMS 4

struct state {
  uint64_t gpr[16];
  uint64_t flags;
  unsigned char xmm[XMMS][16];
  unsigned char data[DATA_SIZE];
};
struct request {
  unsigned char length, code[31];
  struct state state;
};
struct reply {
  uint64_t signal;
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
        "  movdqu xmm0, [0x40000088]; movdqu xmm1, [0x40000098]; movdqu xmm2, [0x400000a8]; movdqu xmm3, [0x400000b8]\n"
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
        "  movdqu [0x40000088], xmm0; movdqu [0x40000098], xmm1; movdqu [0x400000a8], xmm2; movdqu [0x400000b8], xmm3\n"
        "  cld\n"
        "  pop r15; pop r14; pop r13; pop r12; pop rbp; pop rbx\n"
        "  ret\n"
        ".att_syntax\n");

static sigjmp_buf faulted;
static void on_fault(int sig) { siglongjmp(faulted, sig); }

int main(void) {
  static char altstack[65536];
  int rw = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  if (mmap(CODE, 4096, rw | PROT_EXEC, flags, -1, 0) == MAP_FAILED) return 1;
  if (mmap(DATA, 4096, rw, flags, -1, 0) == MAP_FAILED) return 1;
  if (mmap((void *)SHARED, 8192, rw, flags, -1, 0) == MAP_FAILED) return 1;
  stack_t stack = {.ss_sp = altstack, .ss_size = sizeof altstack};
  sigaltstack(&stack, 0);
  struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER};
  int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (unsigned i = 0; i < sizeof caught / sizeof *caught; i++) sigaction(caught[i], &action, 0);
  *(void **)0x40001008 = CODE;

  struct request in;
  struct reply out;
  while (fread(&in, sizeof in, 1, stdin) == 1) {
    memset(&out, 0, sizeof out);
    memcpy(CODE, in.code, in.length);
    // jmp [rip]; the address of `leave`
    memcpy(CODE + in.length, "\xff\x25\0\0\0\0", 6);
    *(void **)(CODE + in.length + 6) = leave;
    *SHARED = in.state;
    memcpy(DATA, in.state.data, DATA_SIZE);
    int sig = sigsetjmp(faulted, 1);
    if (sig == 0) ((void (*)(void))enter)();
    out.signal = sig;
    out.state = *SHARED;
    memcpy(out.state.data, DATA, DATA_SIZE);
    fwrite(&out, sizeof out, 1, stdout);
  }
  return 0;
}
