// Where the kernel enters Go with a signal, and how it leaves.
#include "c_abi.h"
#include "go_asm.h"
#include "go_tls.h"
#include "textflag.h"

#define SYS_rt_sigreturn 15
#define SIGPROF 27

// A handler in C's terms, (sig, info, ctx) in DI, SI and DX, that calls fn(sig, info, ctx) in ABIInternal's: with
// room for fn to spill its three arguments.
#define GO_HANDLER(fn) \
	SAVE_C_REGISTERS() \
	get_tls(R12) \
	MOVQ g(R12), R14 \
	PXOR X15, X15 \
	ADJSP $24 \
	MOVQ DI, AX \
	MOVQ SI, BX \
	MOVQ DX, CX \
	CALL fn<ABIInternal>(SB) \
	ADJSP $-24 \
	RESTORE_C_REGISTERS() \
	RET

TEXT runtime·sigtramp(SB), NOSPLIT|TOPFRAME, $0
	GO_HANDLER(·sigtrampgo)

// The same for the answer of a traceback on a thread without g.
TEXT runtime·sigprofNonGoWrapper<>(SB), NOSPLIT, $0
	GO_HANDLER(·sigprofNonGo)

// sigtramp for programs with C in them. A signal that finds the goroutine in C first goes through _cgo_callers, which
// asks the program's own traceback function and then calls the handler it is given in R9.
TEXT runtime·cgoSigtramp(SB), NOSPLIT, $0
	MOVQ  runtime·cgoTraceback(SB), AX
	TESTQ AX, AX
	JEQ   plain
	MOVQ  _cgo_callers(SB), AX
	TESTQ AX, AX
	JEQ   plain

	// In C? That is an M which counts a call, of a goroutine in a system call.
	get_tls(CX)
	MOVQ  g(CX), R10
	TESTQ R10, R10
	JEQ   nog
	MOVQ  g_m(R10), R10
	TESTQ R10, R10
	JEQ   plain
	CMPL  m_ncgo(R10), $0
	JEQ   plain
	MOVQ  m_curg(R10), R11
	TESTQ R11, R11
	JEQ   plain
	CMPQ  g_syscallsp(R11), $0
	JEQ   plain

	// Room for the PCs, and nobody reading it?
	MOVQ  m_cgoCallers(R10), R8
	TESTQ R8, R8
	JEQ   plain
	CMPL  m_cgoCallersUse(R10), $0
	JNE   plain
	MOVQ  runtime·cgoTraceback(SB), CX
	MOVQ  $runtime·sigtramp(SB), R9
	JMP   AX

nog:
	// Only the profiler wants to know where a thread of C's is, and it has one buffer for all of them.
	CMPL DI, $SIGPROF
	JNE  plain
	MOVQ AX, R10
	XORL AX, AX
	MOVL $1, CX
	MOVQ $runtime·sigprofCallersUse(SB), R11
	LOCK
	CMPXCHGL CX, 0(R11)
	JNE  plain
	MOVQ runtime·cgoTraceback(SB), CX
	MOVQ $runtime·sigprofCallers(SB), R8
	MOVQ $runtime·sigprofNonGoWrapper<>(SB), R9
	JMP  R10

plain:
	JMP runtime·sigtramp(SB)

// What a handler returns to. Unwinders know it by its bytes: a 64-bit move of 15, SYSCALL.
TEXT runtime·sigreturn(SB), NOSPLIT, $0
	MOVQ $SYS_rt_sigreturn, AX
	SYSCALL
	INT  $3

// func sigfwd(fn uintptr, sig uint32, info *siginfo, ctx unsafe.Pointer)
// Hand a signal on to the C handler that was there before us.
TEXT runtime·sigfwd(SB), NOSPLIT, $0-32
	MOVQ  fn+0(FP), AX
	MOVL  sig+8(FP), DI
	MOVQ  info+16(FP), SI
	MOVQ  ctx+24(FP), DX
	PUSHQ BP
	MOVQ  SP, BP // C gives BP back.
	ANDQ  $~15, SP
	CALL  AX
	MOVQ  BP, SP
	POPQ  BP
	RET
