// C calls Go back.
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
