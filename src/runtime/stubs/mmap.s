// Memory from the kernel, directly or through C. Must run on a system stack where a C function is called.
#include "textflag.h"

#define SYS_mmap 9
#define SYS_munmap 11
#define SYS_madvise 28
// The lowest value that is an errno: -4095.
#define ERRNO_MIN 0xfffffffffffff001

// func sysMmap(addr unsafe.Pointer, n uintptr, prot, flags, fd int32, off uint32) (p unsafe.Pointer, err int)
TEXT runtime·sysMmap(SB), NOSPLIT, $0
	MOVQ addr+0(FP), DI
	MOVQ n+8(FP), SI
	MOVL prot+16(FP), DX
	MOVL flags+20(FP), R10
	MOVL fd+24(FP), R8
	MOVL off+28(FP), R9
	MOVL $SYS_mmap, AX
	SYSCALL
	CMPQ AX, $ERRNO_MIN
	JLS  mapped
	NEGQ AX
	MOVQ $0, p+32(FP)
	MOVQ AX, err+40(FP)
	RET

mapped:
	MOVQ AX, p+32(FP)
	MOVQ $0, err+40(FP)
	RET

// func callCgoMmap(addr unsafe.Pointer, n uintptr, prot, flags, fd int32, off uint32) uintptr
TEXT runtime·callCgoMmap(SB), NOSPLIT, $16
	MOVQ _cgo_mmap(SB), AX
	MOVQ addr+0(FP), DI
	MOVQ n+8(FP), SI
	MOVL prot+16(FP), DX
	MOVL flags+20(FP), CX
	MOVL fd+24(FP), R8
	MOVL off+28(FP), R9
	MOVQ SP, BX
	ANDQ $~15, SP // C wants SP aligned at the CALL.
	MOVQ BX, 0(SP)
	CALL AX
	MOVQ 0(SP), SP
	MOVQ AX, ret+32(FP)
	RET

// func sysMunmap(addr unsafe.Pointer, n uintptr)
TEXT runtime·sysMunmap(SB), NOSPLIT, $0
	MOVQ addr+0(FP), DI
	MOVQ n+8(FP), SI
	MOVL $SYS_munmap, AX
	SYSCALL
	CMPQ AX, $ERRNO_MIN
	JLS  done
	MOVL $0xf1, 0xf1 // There is no one to tell: crash where it can be seen.

done:
	RET

// func callCgoMunmap(addr unsafe.Pointer, n uintptr)
TEXT runtime·callCgoMunmap(SB), NOSPLIT, $16-16
	MOVQ _cgo_munmap(SB), AX
	MOVQ addr+0(FP), DI
	MOVQ n+8(FP), SI
	MOVQ SP, BX
	ANDQ $~15, SP // C wants SP aligned at the CALL.
	MOVQ BX, 0(SP)
	CALL AX
	MOVQ 0(SP), SP
	RET

// func madvise(addr unsafe.Pointer, n uintptr, flags int32) int32
TEXT runtime·madvise(SB), NOSPLIT, $0
	MOVQ addr+0(FP), DI
	MOVQ n+8(FP), SI
	MOVL flags+16(FP), DX
	MOVL $SYS_madvise, AX
	SYSCALL
	MOVL AX, ret+24(FP)
	RET
