// sigaction through C.
#include "textflag.h"

// func callCgoSigaction(sig uintptr, new, old *sigactiont) int32
TEXT runtime·callCgoSigaction(SB), NOSPLIT, $16
	MOVQ _cgo_sigaction(SB), AX
	MOVQ sig+0(FP), DI
	MOVQ new+8(FP), SI
	MOVQ old+16(FP), DX
	MOVQ SP, BX // C gives BX back.
	ANDQ $~15, SP
	CALL AX
	MOVQ BX, SP
	MOVL AX, ret+24(FP)
	RET
