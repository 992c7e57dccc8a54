// Where a thread that C made starts Go.
#include "textflag.h"

// void crosscall_amd64(void (*fn)(void), void (*setg_gcc)(void *), void *g), called by C.
// fn keeps no register; C wants BX, BP and R12 to R15 back.
TEXT crosscall_amd64(SB), NOSPLIT, $0-0
	PUSHQ BX
	PUSHQ BP
	PUSHQ R12
	PUSHQ R13
	PUSHQ R14
	PUSHQ R15
	MOVQ  DI, BX // setg_gcc leaves BX alone.
	MOVQ  DX, DI
	CALL  SI
	CALL  BX
	POPQ  R15
	POPQ  R14
	POPQ  R13
	POPQ  R12
	POPQ  BP
	POPQ  BX
	RET
