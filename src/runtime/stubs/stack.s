// From one stack to another: goroutine, g0 and back, for Go code and for C.
#include "go_asm.h"
#include "go_tls.h"
#include "textflag.h"

// func gogo(buf *gobuf)
// Continue where buf says, as the goroutine it names.
TEXT runtime·gogo(SB), NOSPLIT, $0-8
	MOVQ buf+0(FP), BX
	MOVQ gobuf_g(BX), DX
	MOVQ 0(DX), CX // A nil g faults here, not later.
	get_tls(CX)
	MOVQ DX, g(CX)
	MOVQ DX, R14
	MOVQ gobuf_sp(BX), SP
	MOVQ gobuf_ret(BX), AX
	MOVQ gobuf_ctxt(BX), DX
	MOVQ gobuf_bp(BX), BP
	MOVQ $0, gobuf_sp(BX) // Nothing for the collector to find twice.
	MOVQ $0, gobuf_ret(BX)
	MOVQ $0, gobuf_ctxt(BX)
	MOVQ $0, gobuf_bp(BX)
	MOVQ gobuf_pc(BX), BX
	JMP  BX

// func mcall(fn func(*g))
// Save this goroutine, switch to g0, call fn(g). fn never returns.
TEXT runtime·mcall<ABIInternal>(SB), NOSPLIT, $0-8
	// Our caller's SP and PC, and its BP: what gogo will come back to.
	LEAQ fn+0(FP), CX
	MOVQ CX, (g_sched+gobuf_sp)(R14)
	MOVQ -8(CX), CX
	MOVQ CX, (g_sched+gobuf_pc)(R14)
	MOVQ BP, (g_sched+gobuf_bp)(R14)

	MOVQ g_m(R14), CX
	MOVQ m_g0(CX), DI
	CMPQ R14, DI
	JEQ  ong0

	MOVQ AX, DX // fn's context
	MOVQ R14, AX // and its argument
	MOVQ DI, R14
	get_tls(CX)
	MOVQ R14, g(CX)
	MOVQ (g_sched+gobuf_sp)(R14), SP
	PUSHQ AX // fn's spill slot
	MOVQ 0(DX), CX
	CALL CX
	POPQ AX
	JMP  runtime·badmcall2(SB)

ong0:
	JMP runtime·badmcall(SB)

// The PC that a goroutine on its way to g0 seems to be at. Never runs.
TEXT runtime·systemstack_switch(SB), NOSPLIT, $0-0
	RET

// Save the calling function's state in g.sched, as if it stood in systemstack_switch.
// For functions without a frame. Wants g in R14, uses R9.
TEXT gosave_systemstack_switch<>(SB), NOSPLIT, $0
	MOVQ BP, (g_sched+gobuf_bp)(R14)
	MOVQ $0, (g_sched+gobuf_ret)(R14)
	LEAQ 8(SP), R9 // Our caller's SP: it has no frame.
	MOVQ R9, (g_sched+gobuf_sp)(R14)
	LEAQ runtime·systemstack_switch(SB), R9
	MOVQ R9, (g_sched+gobuf_pc)(R14)
	CMPQ (g_sched+gobuf_ctxt)(R14), $0
	JNE  context
	RET

context:
	CALL runtime·abort(SB) // A saved context would be lost.

// func systemstack(fn func())
// Call fn on g0's stack, or right here when this is a system stack already.
TEXT runtime·systemstack(SB), NOSPLIT, $0-8
	MOVQ fn+0(FP), DI
	get_tls(CX)
	MOVQ g(CX), AX
	MOVQ g_m(AX), BX
	CMPQ AX, m_gsignal(BX)
	JEQ  stay
	MOVQ m_g0(BX), DX
	CMPQ AX, DX
	JEQ  stay
	CMPQ AX, m_curg(BX)
	JNE  bad
	CALL gosave_systemstack_switch<>(SB)
	MOVQ DX, g(CX)
	MOVQ DX, R14
	MOVQ (g_sched+gobuf_sp)(DX), SP
	MOVQ DI, DX // fn's context
	MOVQ 0(DI), DI
	CALL DI

	// Back to the goroutine.
	get_tls(CX)
	MOVQ g(CX), AX
	MOVQ g_m(AX), BX
	MOVQ m_curg(BX), AX
	MOVQ AX, g(CX)
	MOVQ (g_sched+gobuf_sp)(AX), SP
	MOVQ $0, (g_sched+gobuf_sp)(AX)
	RET

stay:
	MOVQ DI, DX
	MOVQ 0(DI), DI
	JMP  DI // No frame of our own: fn returns to our caller.

bad:
	CALL runtime·badsystemstack(SB)
	INT  $3

// What asmcgocall keeps on g0's stack while C runs.
#define CGOCALL_FRAME 64
#define CGOCALL_G 48
#define CGOCALL_DEPTH 40

// func asmcgocall(fn, arg unsafe.Pointer) int32
// Call fn(arg) on g0's stack, aligned for C.
TEXT ·asmcgocall(SB), NOSPLIT, $0-20
	MOVQ fn+0(FP), AX
	MOVQ arg+8(FP), BX
	MOVQ SP, DX

	get_tls(CX)
	MOVQ g(CX), DI
	CMPQ DI, $0
	JEQ  nosave
	MOVQ g_m(DI), R8
	CMPQ DI, m_gsignal(R8)
	JEQ  nosave
	MOVQ m_g0(R8), SI
	CMPQ DI, SI
	JEQ  nosave

	CALL gosave_systemstack_switch<>(SB)
	MOVQ SI, g(CX)
	MOVQ (g_sched+gobuf_sp)(SI), SP
	SUBQ $CGOCALL_FRAME, SP
	ANDQ $~15, SP
	MOVQ DI, CGOCALL_G(SP)
	// The goroutine's stack may move while C runs: keep how deep we were, not where.
	MOVQ (g_stack+stack_hi)(DI), DI
	SUBQ DX, DI
	MOVQ DI, CGOCALL_DEPTH(SP)
	MOVQ BX, DI
	CALL AX

	get_tls(CX)
	MOVQ CGOCALL_G(SP), DI
	MOVQ (g_stack+stack_hi)(DI), SI
	SUBQ CGOCALL_DEPTH(SP), SI
	MOVQ DI, g(CX)
	MOVQ SI, SP
	MOVL AX, ret+16(FP)
	RET

nosave:
	// A system stack, which never moves.
	SUBQ $CGOCALL_FRAME, SP
	ANDQ $~15, SP
	MOVQ $0, CGOCALL_G(SP)
	MOVQ DX, CGOCALL_DEPTH(SP)
	MOVQ BX, DI
	CALL AX
	MOVQ CGOCALL_DEPTH(SP), SI
	MOVQ SI, SP
	MOVL AX, ret+16(FP)
	RET

// What a prologue calls that finds too little stack; DX holds its function's context, which must survive.
// newstack goes on at the start of that function, by gogo: nothing comes back here.
TEXT runtime·morestack(SB), NOSPLIT, $0-0
	get_tls(CX)
	MOVQ g(CX), DI
	MOVQ g_m(DI), BX
	MOVQ m_g0(BX), SI
	CMPQ DI, SI
	JEQ  ong0
	CMPQ DI, m_gsignal(BX)
	JEQ  ongsignal

	// m.morebuf: the caller of the function that wants more.
	MOVQ 8(SP), AX
	MOVQ AX, (m_morebuf+gobuf_pc)(BX)
	LEAQ 16(SP), AX
	MOVQ AX, (m_morebuf+gobuf_sp)(BX)
	MOVQ DI, (m_morebuf+gobuf_g)(BX)

	// g.sched: that function itself, where it called us.
	MOVQ 0(SP), AX
	MOVQ AX, (g_sched+gobuf_pc)(DI)
	LEAQ 8(SP), AX
	MOVQ AX, (g_sched+gobuf_sp)(DI)
	MOVQ BP, (g_sched+gobuf_bp)(DI)
	MOVQ DX, (g_sched+gobuf_ctxt)(DI)

	MOVQ SI, g(CX)
	MOVQ (g_sched+gobuf_sp)(SI), SP
	CALL runtime·newstack(SB)
	CALL runtime·abort(SB)

ong0:
	// System stacks do not grow.
	CALL runtime·badmorestackg0(SB)
	CALL runtime·abort(SB)

ongsignal:
	CALL runtime·badmorestackgsignal(SB)
	CALL runtime·abort(SB)

// The same for functions that are not closures: DX is anything.
TEXT runtime·morestack_noctxt(SB), NOSPLIT, $0
	XORL DX, DX
	JMP  runtime·morestack(SB)

// What a goroutine's first function returns to, one byte in: where a CALL of it would have ended.
TEXT runtime·goexit(SB), NOSPLIT|TOPFRAME, $0-0
	BYTE $0x90
	CALL runtime·goexit1(SB)
	BYTE $0x90 // The return PC above must lie in goexit.

// Where a thread enters Go, on g0.
TEXT runtime·mstart(SB), NOSPLIT|TOPFRAME, $0
	CALL runtime·mstart0(SB)
	RET

// func setg(gg *g)
// R14 is left to the wrapper that called us.
TEXT runtime·setg(SB), NOSPLIT, $0-8
	MOVQ gg+0(FP), AX
	get_tls(CX)
	MOVQ AX, g(CX)
	RET

// Abort unless SP lies within g's stack.
TEXT runtime·stackcheck(SB), NOSPLIT, $0-0
	get_tls(CX)
	MOVQ g(CX), AX
	CMPQ SP, (g_stack+stack_lo)(AX)
	JLS  outside
	CMPQ SP, (g_stack+stack_hi)(AX)
	JCC  outside
	RET

outside:
	CALL runtime·abort(SB)

// func abort()
TEXT runtime·abort(SB), NOSPLIT, $0-0
	INT $3

again:
	JMP again
