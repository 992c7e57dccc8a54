// What C code calls of its library. There is no errno: a failure is −1, whatever the reason.
#include "textflag.h"

#define SYS_sched_yield 24
#define SYS_nanosleep 35
#define SYS_futex 202

// int usleep(useconds_t usec)
TEXT usleep(SB), NOSPLIT, $16
	MOVL DI, AX
	XORL DX, DX
	MOVL $1000000, CX
	DIVL CX
	IMULQ $1000, DX
	MOVQ AX, 0(SP) // tv_sec
	MOVQ DX, 8(SP) // tv_nsec
	MOVQ SP, DI
	XORL SI, SI
	MOVL $SYS_nanosleep, AX
	SYSCALL
	NEGL AX // Carry: it was not zero.
	SBBL AX, AX
	RET

// int sched_yield(void)
TEXT sched_yield(SB), NOSPLIT, $0
	MOVL $SYS_sched_yield, AX
	SYSCALL
	NEGL AX
	SBBL AX, AX
	RET

// long futex(uint32_t *uaddr, int op, uint32_t val, const struct timespec *timeout)
// The call itself, as glibc's own functions make it.
TEXT futex(SB), NOSPLIT, $0
	MOVQ CX, R10
	MOVL $SYS_futex, AX
	SYSCALL
	RET
