// Go calls C, and C calls Go.
#include "funcdata.h"
#include "go_asm.h"
#include "go_tls.h"
#include "textflag.h"

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
	MOVQ BX, CX
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
	MOVQ BX, CX
	CALL AX
	MOVQ CGOCALL_DEPTH(SP), SI
	MOVQ SI, SP
	MOVL AX, ret+16(FP)
	RET

// func cgocallback(fn, frame unsafe.Pointer, ctxt uintptr)
// On g0 with a C frame above: run cgocallbackg(fn, frame, ctxt) on the goroutine that called C.
TEXT ·cgocallback(SB), NOSPLIT, $24-24
	NO_LOCAL_POINTERS

	get_tls(CX)
	MOVQ g(CX), BX
	CMPQ BX, $0
	JEQ  attach
	MOVQ g_m(BX), BX
	MOVQ BX, savedm-8(SP)
	JMP  attached

attach:
	// A thread that C made: borrow an M.
	XORPS X15, X15
	XORL R14, R14
	MOVQ $runtime·needm(SB), AX
	CALL AX
	MOVQ $0, savedm-8(SP)
	get_tls(CX)
	MOVQ g(CX), BX
	MOVQ g_m(BX), BX
	MOVQ m_g0(BX), SI
	MOVQ SP, (g_sched+gobuf_sp)(SI)

attached:
	// g0.sched.sp becomes this frame; the old value lies at 0(SP), where unwindm looks for it.
	MOVQ m_g0(BX), SI
	MOVQ (g_sched+gobuf_sp)(SI), AX
	MOVQ AX, 0(SP)
	MOVQ SP, (g_sched+gobuf_sp)(SI)

	// Open a frame like this one on the goroutine's stack, below a return to where it left Go.
	MOVQ m_curg(BX), SI
	MOVQ SI, g(CX)
	MOVQ (g_sched+gobuf_sp)(SI), DI
	MOVQ (g_sched+gobuf_pc)(SI), BX
	MOVQ BX, -8(DI)
	MOVQ fn+0(FP), BX
	MOVQ frame+8(FP), CX
	MOVQ ctxt+16(FP), DX
	LEAQ fn+0(FP), AX
	SUBQ SP, AX // Our frame and its return PC, whatever the assembler made of them.
	SUBQ AX, DI
	MOVQ DI, SP
	MOVQ BX, 0(SP)
	MOVQ CX, 8(SP)
	MOVQ DX, 16(SP)
	MOVQ $runtime·cgocallbackg(SB), AX
	CALL AX

	// The stack may have moved: go by SP.
	get_tls(CX)
	MOVQ g(CX), SI
	LEAQ fn+0(FP), AX
	SUBQ SP, AX
	MOVQ -8(SP)(AX*1), BX
	MOVQ BX, (g_sched+gobuf_pc)(SI)
	LEAQ 0(SP)(AX*1), DI
	MOVQ DI, (g_sched+gobuf_sp)(SI)

	// Back to g0, and its sched.sp as it was.
	MOVQ g_m(SI), BX
	MOVQ m_g0(BX), SI
	MOVQ SI, g(CX)
	MOVQ (g_sched+gobuf_sp)(SI), SP
	MOVQ 0(SP), AX
	MOVQ AX, (g_sched+gobuf_sp)(SI)

	MOVQ savedm-8(SP), BX
	CMPQ BX, $0
	JNE  done
	MOVQ $runtime·dropm(SB), AX
	CALL AX

done:
	RET
