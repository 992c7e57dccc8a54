// How C entered Go until 1.15: the arguments' size came along, and assembly copied the results to C.
#include "funcdata.h"
#include "go_asm.h"
#include "go_tls.h"
#include "textflag.h"

// void crosscall2(void (*fn)(void *, int32, uintptr), void *frame, int32 framesize, uintptr ctxt), called by C.
// fn is the Go function that cgo wrote for the exported one. C wants BX, BP and R12 to R15 back.
TEXT crosscall2(SB), NOSPLIT, $0x50-0
	MOVQ BX, 24(SP)
	MOVQ R12, 32(SP)
	MOVQ R13, 40(SP)
	MOVQ R14, 48(SP)
	MOVQ R15, 56(SP)
	MOVQ SI, 0(SP) // frame
	MOVL DX, 8(SP) // framesize
	MOVQ CX, 16(SP) // ctxt
	CALL DI
	MOVQ 24(SP), BX
	MOVQ 32(SP), R12
	MOVQ 40(SP), R13
	MOVQ 48(SP), R14
	MOVQ 56(SP), R15
	RET

// func cgocallback(fn, frame unsafe.Pointer, framesize, ctxt uintptr)
// fn is a PC. A func value is the address of one: here, of the argument.
TEXT ·cgocallback(SB), NOSPLIT, $32-32
	LEAQ fn+0(FP), AX
	MOVQ frame+8(FP), BX
	MOVQ framesize+16(FP), CX
	MOVQ ctxt+24(FP), DX
	MOVQ AX, 0(SP)
	MOVQ BX, 8(SP)
	MOVQ CX, 16(SP)
	MOVQ DX, 24(SP)
	CALL ·cgocallback_gofunc(SB)
	RET

// func cgocallback_gofunc(fv *funcval, frame unsafe.Pointer, framesize, ctxt uintptr)
// On g0 with a C frame above: run cgocallbackg(ctxt) on the goroutine that called C. cgocallbackg1 finds the other
// arguments four words above g0.sched.sp: two of locals, the saved BP and the return PC lie between.
TEXT ·cgocallback_gofunc(SB), NOSPLIT, $16-32
	NO_LOCAL_POINTERS

	get_tls(CX)
	MOVQ g(CX), BX
	CMPQ BX, $0
	JEQ  alone
	MOVQ g_m(BX), BX

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
	MOVQ ctxt+24(FP), BX
	LEAQ fv+0(FP), AX
	SUBQ SP, AX
	SUBQ AX, DI
	MOVQ DI, SP
	MOVQ BX, 0(SP)
	CALL runtime·cgocallbackg(SB)

	// The stack may have moved: go by SP.
	get_tls(CX)
	MOVQ g(CX), SI
	LEAQ fv+0(FP), AX
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
	RET

alone:
	CALL runtime·abort(SB) // Threads that C made are not this file's: cgo.s has them.

// func reflectcall(argtype *_type, fn *funcval, arg unsafe.Pointer, argsize, retoffset uint32)
// Call fn with a copy of the argsize bytes at arg as its stack arguments; copy what then lies there from retoffset on back.
TEXT ·reflectcall(SB), NOSPLIT, $0-32
	MOVLQZX argsize+24(FP), CX

#define DISPATCH(NAME, SIZE) \
	CMPQ CX, $SIZE \
	JHI  2(PC) \
	JMP  NAME(SB)

	DISPATCH(runtime·call32, 32)
	DISPATCH(runtime·call64, 64)
	DISPATCH(runtime·call128, 128)
	DISPATCH(runtime·call256, 256)
	DISPATCH(runtime·call512, 512)
	DISPATCH(runtime·call1024, 1024)
	CALL runtime·abort(SB) // No frame is large enough.

// One function a frame size, with reflectcall's arguments.
#define CALLFN(NAME, SIZE) \
TEXT NAME(SB), WRAPPER, $SIZE-32 \
	NO_LOCAL_POINTERS \
	MOVQ arg+16(FP), SI \
	MOVLQZX argsize+24(FP), CX \
	MOVQ SP, DI \
	REP \
	MOVSB \
	MOVQ fn+8(FP), DX \
	MOVQ 0(DX), AX \
	CALL AX \
	MOVQ argtype+0(FP), DX \
	MOVQ arg+16(FP), DI \
	MOVQ SP, SI \
	MOVLQZX argsize+24(FP), CX \
	MOVLQZX retoffset+28(FP), BX \
	ADDQ BX, DI \
	ADDQ BX, SI \
	SUBQ BX, CX \
	CALL results<>(SB) \
	RET

CALLFN(runtime·call32, 32)
CALLFN(runtime·call64, 64)
CALLFN(runtime·call128, 128)
CALLFN(runtime·call256, 256)
CALLFN(runtime·call512, 512)
CALLFN(runtime·call1024, 1024)

// reflectcallmove(DX, DI, SI, CX): the runtime's own copy, which no sanitizer is told of.
TEXT results<>(SB), NOSPLIT, $32-0
	NO_LOCAL_POINTERS
	MOVQ DX, 0(SP)
	MOVQ DI, 8(SP)
	MOVQ SI, 16(SP)
	MOVQ CX, 24(SP)
	CALL runtime·reflectcallmove(SB)
	RET
