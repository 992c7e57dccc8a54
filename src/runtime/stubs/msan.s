// Go tells MemorySanitizer of memory that uninstrumented code reads, writes, allocates, frees and moves.
#include "go_asm.h"
#include "go_tls.h"
#include "textflag.h"

// func domsanread(addr unsafe.Pointer, sz uintptr)
TEXT runtime·domsanread(SB), NOSPLIT, $0-16
	MOVQ addr+0(FP), DI
	MOVQ sz+8(FP), SI
	MOVQ $__msan_read_go(SB), AX
	JMP  msancall<>(SB)

// func msanwrite(addr unsafe.Pointer, sz uintptr)
TEXT runtime·msanwrite(SB), NOSPLIT, $0-16
	MOVQ addr+0(FP), DI
	MOVQ sz+8(FP), SI
	MOVQ $__msan_write_go(SB), AX
	JMP  msancall<>(SB)

// func msanmalloc(addr unsafe.Pointer, sz uintptr)
TEXT runtime·msanmalloc(SB), NOSPLIT, $0-16
	MOVQ addr+0(FP), DI
	MOVQ sz+8(FP), SI
	MOVQ $__msan_malloc_go(SB), AX
	JMP  msancall<>(SB)

// func msanfree(addr unsafe.Pointer, sz uintptr)
TEXT runtime·msanfree(SB), NOSPLIT, $0-16
	MOVQ addr+0(FP), DI
	MOVQ sz+8(FP), SI
	MOVQ $__msan_free_go(SB), AX
	JMP  msancall<>(SB)

// func msanmove(dst, src unsafe.Pointer, sz uintptr)
TEXT runtime·msanmove(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ sz+16(FP), DX
	MOVQ $__msan_memmove(SB), AX
	JMP  msancall<>(SB)

// Call C's AX on g0's stack, with the arguments where they are; TLS keeps the goroutine.
// Signal handlers may get here: gsignal's stack is left for g0's like any other, and there may be no g at all.
TEXT msancall<>(SB), NOSPLIT, $0-0
	get_tls(R13)
	MOVQ g(R13), R14
	MOVQ SP, R12 // C gives R12 back.
	CMPQ R14, $0
	JEQ  call
	MOVQ g_m(R14), R13
	MOVQ m_g0(R13), R13
	CMPQ R14, R13
	JEQ  call
	MOVQ (g_sched+gobuf_sp)(R13), SP

call:
	ANDQ $~15, SP
	CALL AX
	MOVQ R12, SP
	RET
