// Where C enters Go.
#include "textflag.h"

// void crosscall2(void (*fn)(void *), void *frame, int32 size, uintptr ctxt), called by C.
// C wants BX, BP and R12 to R15 back; Go keeps none of them.
TEXT crosscall2(SB), NOSPLIT, $0-0
	ADJSP $48
	MOVQ BP, 40(SP)
	LEAQ 40(SP), BP
	MOVQ BX, 0(SP)
	MOVQ R12, 8(SP)
	MOVQ R13, 16(SP)
	MOVQ R14, 24(SP)
	MOVQ R15, 32(SP)

	ADJSP $24
	MOVQ DI, 0(SP) // fn
	MOVQ SI, 8(SP) // frame; size, in DX, is not needed
	MOVQ CX, 16(SP) // ctxt
	CALL runtime·cgocallback(SB)
	ADJSP $-24

	MOVQ 0(SP), BX
	MOVQ 8(SP), R12
	MOVQ 16(SP), R13
	MOVQ 24(SP), R14
	MOVQ 32(SP), R15
	MOVQ 40(SP), BP
	ADJSP $-48
	RET
