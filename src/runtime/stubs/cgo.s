// C calls Go back, and what a thread without g and code made by cgo need besides.
#include "funcdata.h"
#include "go_asm.h"
#include "go_tls.h"
#include "textflag.h"

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
	MOVQ $runtime·needm<ABIInternal>(SB), AX
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

// func asmcgocall_no_g(fn, arg unsafe.Pointer)
// Call fn(arg), aligned for C. For needm: on a system stack, maybe without a g.
TEXT ·asmcgocall_no_g(SB), NOSPLIT, $0-16
	MOVQ fn+0(FP), AX
	MOVQ arg+8(FP), DI
	MOVQ SP, DX
	SUBQ $32, SP
	ANDQ $~15, SP
	MOVQ DX, 8(SP)
	CALL AX
	MOVQ 8(SP), SP
	RET

// uintptr _cgo_topofstack(void), called by C: the high bound of the goroutine's stack.
// Before and after a call it tells by how much that stack has moved.
TEXT _cgo_topofstack(SB), NOSPLIT, $0
	get_tls(CX)
	MOVQ g(CX), AX
	MOVQ g_m(AX), AX
	MOVQ m_curg(AX), AX
	MOVQ (g_stack+stack_hi)(AX), AX
	RET

// void setg_gcc(G *g), called by C that is about to enter Go: R14 is not given back.
TEXT setg_gcc<>(SB), NOSPLIT, $0
	get_tls(AX)
	MOVQ DI, g(AX)
	MOVQ DI, R14
	RET
