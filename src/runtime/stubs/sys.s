// System calls. A result that is an errno, negated, goes to the caller as it is, but where the comment says otherwise.
#include "go_asm.h"
#include "go_tls.h"
#include "textflag.h"

#define SYS_read 0
#define SYS_write 1
#define SYS_close 3
#define SYS_rt_sigaction 13
#define SYS_rt_sigprocmask 14
#define SYS_sched_yield 24
#define SYS_mincore 27
#define SYS_nanosleep 35
#define SYS_getpid 39
#define SYS_clone 56
#define SYS_exit 60
#define SYS_sigaltstack 131
#define SYS_arch_prctl 158
#define SYS_gettid 186
#define SYS_futex 202
#define SYS_sched_getaffinity 204
#define SYS_clock_gettime 228
#define SYS_exit_group 231
#define SYS_tgkill 234
#define SYS_openat 257

#define AT_FDCWD -100
#define ARCH_SET_FS 0x1002
#define CLOCK_MONOTONIC 1
#define CLONE_SETTLS 0x80000
// The lowest value that is an errno: -4095.
#define ERRNO_MIN 0xfffffffffffff001
// Where g's slot is from the thread pointer, the other way round: m.tls[0] lies 8 below it.
#define TLS_BIAS 8

// func exit(code int32)
TEXT runtime·exit(SB), NOSPLIT, $0-4
	MOVL code+0(FP), DI
	MOVL $SYS_exit_group, AX
	SYSCALL
	RET

// func exitThread(wait *atomic.Uint32)
// *wait = 0 gives the stack to whoever wants it: none may be used afterwards.
TEXT runtime·exitThread(SB), NOSPLIT, $0-8
	MOVQ wait+0(FP), AX
	XORL DI, DI
	MOVL DI, 0(AX)
	MOVL $SYS_exit, AX
	SYSCALL
	INT  $3

again:
	JMP again

// func open(name *byte, mode, perm int32) int32
// −1 for any error.
TEXT runtime·open(SB), NOSPLIT, $0-20
	MOVL $AT_FDCWD, DI
	MOVQ name+0(FP), SI
	MOVL mode+8(FP), DX
	MOVL perm+12(FP), R10
	MOVL $SYS_openat, AX
	SYSCALL
	CMPQ AX, $ERRNO_MIN
	JLS  opened
	MOVL $-1, AX

opened:
	MOVL AX, ret+16(FP)
	RET

// func closefd(fd int32) int32
// −1 for any error.
TEXT runtime·closefd(SB), NOSPLIT, $0-12
	MOVL fd+0(FP), DI
	MOVL $SYS_close, AX
	SYSCALL
	CMPQ AX, $ERRNO_MIN
	JLS  closed
	MOVL $-1, AX

closed:
	MOVL AX, ret+8(FP)
	RET

// func write1(fd uintptr, p unsafe.Pointer, n int32) int32
TEXT runtime·write1(SB), NOSPLIT, $0-28
	MOVQ fd+0(FP), DI
	MOVQ p+8(FP), SI
	MOVL n+16(FP), DX
	MOVL $SYS_write, AX
	SYSCALL
	MOVL AX, ret+24(FP)
	RET

// func read(fd int32, p unsafe.Pointer, n int32) int32
TEXT runtime·read(SB), NOSPLIT, $0-28
	MOVL fd+0(FP), DI
	MOVQ p+8(FP), SI
	MOVL n+16(FP), DX
	MOVL $SYS_read, AX
	SYSCALL
	MOVL AX, ret+24(FP)
	RET

// func usleep(usec uint32)
TEXT runtime·usleep(SB), NOSPLIT, $16
	MOVL usec+0(FP), AX
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
	RET

// func gettid() uint32
TEXT runtime·gettid(SB), NOSPLIT, $0-4
	MOVL $SYS_gettid, AX
	SYSCALL
	MOVL AX, ret+0(FP)
	RET

// func raise(sig uint32)
// To this thread.
TEXT runtime·raise(SB), NOSPLIT, $0
	MOVL $SYS_getpid, AX
	SYSCALL
	MOVL AX, R12
	MOVL $SYS_gettid, AX
	SYSCALL
	MOVL R12, DI
	MOVL AX, SI
	MOVL sig+0(FP), DX
	MOVL $SYS_tgkill, AX
	SYSCALL
	RET

// func getpid() int
TEXT ·getpid(SB), NOSPLIT, $0-8
	MOVL $SYS_getpid, AX
	SYSCALL
	MOVQ AX, ret+0(FP)
	RET

// func tgkill(tgid, tid, sig int)
TEXT ·tgkill(SB), NOSPLIT, $0
	MOVQ tgid+0(FP), DI
	MOVQ tid+8(FP), SI
	MOVQ sig+16(FP), DX
	MOVL $SYS_tgkill, AX
	SYSCALL
	RET

// func mincore(addr unsafe.Pointer, n uintptr, dst *byte) int32
TEXT runtime·mincore(SB), NOSPLIT, $0-28
	MOVQ addr+0(FP), DI
	MOVQ n+8(FP), SI
	MOVQ dst+16(FP), DX
	MOVL $SYS_mincore, AX
	SYSCALL
	MOVL AX, ret+24(FP)
	RET

// func nanotime1() int64
// Through the vDSO where there is one. How much stack that takes is the kernel's affair: more than a goroutine has.
TEXT runtime·nanotime1(SB), NOSPLIT, $16-8
	MOVQ SP, R12 // C gives R12 and BX back.
	MOVQ g_m(R14), BX

	// The profiler cannot unwind the vDSO: it goes by our caller's PC and SP. Their old values wait in our frame, for we
	// may have interrupted ourselves. A non-zero SP says that the PC is good: set last, reset first.
	MOVQ m_vdsoPC(BX), CX
	MOVQ CX, 0(SP)
	MOVQ m_vdsoSP(BX), CX
	MOVQ CX, 8(SP)
	LEAQ ret+0(FP), DX
	MOVQ -8(DX), CX
	MOVQ CX, m_vdsoPC(BX)
	MOVQ DX, m_vdsoSP(BX)

	CMPQ R14, m_curg(BX)
	JNE  onsystem
	MOVQ m_g0(BX), DX
	MOVQ (g_sched+gobuf_sp)(DX), SP

onsystem:
	SUBQ $16, SP // a timespec
	ANDQ $~15, SP
	MOVL $CLOCK_MONOTONIC, DI
	MOVQ SP, SI
	MOVQ runtime·vdsoClockgettimeSym(SB), AX
	CMPQ AX, $0
	JEQ  kernel
	CALL AX
	JMP  told

kernel:
	MOVL $SYS_clock_gettime, AX
	SYSCALL

told:
	MOVQ 0(SP), AX // seconds
	MOVQ 8(SP), DX // nanoseconds
	MOVQ R12, SP
	MOVQ 8(SP), CX
	MOVQ CX, m_vdsoSP(BX)
	MOVQ 0(SP), CX
	MOVQ CX, m_vdsoPC(BX)
	IMULQ $1000000000, AX
	ADDQ DX, AX
	MOVQ AX, ret+0(FP)
	RET

// func rtsigprocmask(how int32, new, old *sigset, size int32)
// Crashes on an error.
TEXT runtime·rtsigprocmask(SB), NOSPLIT, $0-28
	MOVL how+0(FP), DI
	MOVQ new+8(FP), SI
	MOVQ old+16(FP), DX
	MOVL size+24(FP), R10
	MOVL $SYS_rt_sigprocmask, AX
	SYSCALL
	CMPQ AX, $ERRNO_MIN
	JLS  done
	MOVL $0xf1, 0xf1

done:
	RET

// func rt_sigaction(sig uintptr, new, old *sigactiont, size uintptr) int32
TEXT runtime·rt_sigaction(SB), NOSPLIT, $0-36
	MOVQ sig+0(FP), DI
	MOVQ new+8(FP), SI
	MOVQ old+16(FP), DX
	MOVQ size+24(FP), R10
	MOVL $SYS_rt_sigaction, AX
	SYSCALL
	MOVL AX, ret+32(FP)
	RET

// func sigaltstack(new, old *stackt)
// Crashes on an error.
TEXT runtime·sigaltstack(SB), NOSPLIT, $0
	MOVQ new+0(FP), DI
	MOVQ old+8(FP), SI
	MOVL $SYS_sigaltstack, AX
	SYSCALL
	CMPQ AX, $ERRNO_MIN
	JLS  done
	MOVL $0xf1, 0xf1

done:
	RET

// func futex(addr unsafe.Pointer, op int32, val uint32, ts, addr2 unsafe.Pointer, val3 uint32) int32
TEXT runtime·futex(SB), NOSPLIT, $0
	MOVQ addr+0(FP), DI
	MOVL op+8(FP), SI
	MOVL val+12(FP), DX
	MOVQ ts+16(FP), R10
	MOVQ addr2+24(FP), R8
	MOVL val3+32(FP), R9
	MOVL $SYS_futex, AX
	SYSCALL
	MOVL AX, ret+40(FP)
	RET

// func clone(flags int32, stk, mp, gp, fn unsafe.Pointer) int32
// Returns in the parent. The child has stk and no way to our arguments: it finds what it needs in registers, where the
// kernel leaves all but CX and R11 alone. Without mp or gp, it calls fn as it is.
TEXT runtime·clone(SB), NOSPLIT, $0
	MOVL flags+0(FP), DI
	MOVQ stk+8(FP), SI
	XORL DX, DX
	XORL R10, R10
	XORL R8, R8
	MOVQ mp+16(FP), R13
	MOVQ gp+24(FP), R9
	MOVQ fn+32(FP), R12
	CMPQ R13, $0
	JEQ  start
	CMPQ R9, $0
	JEQ  start
	LEAQ (m_tls+TLS_BIAS)(R13), R8
	ORQ  $CLONE_SETTLS, DI

start:
	MOVL $SYS_clone, AX
	SYSCALL
	CMPQ AX, $0
	JEQ  child
	MOVL AX, ret+40(FP)
	RET

child:
	MOVQ SI, SP
	CMPQ R13, $0
	JEQ  call
	CMPQ R9, $0
	JEQ  call
	MOVL $SYS_gettid, AX
	SYSCALL
	MOVQ AX, m_procid(R13)
	MOVQ R13, g_m(R9)
	get_tls(CX)
	MOVQ R9, g(CX)
	MOVQ R9, R14
	CALL runtime·stackcheck(SB)

call:
	CALL R12

exit:
	// fn is not meant to return.
	MOVL $111, DI
	MOVL $SYS_exit, AX
	SYSCALL
	JMP  exit

// The thread pointer becomes DI, an m's tls, and what lies between that and g's slot. Crashes on an error.
TEXT runtime·settls(SB), NOSPLIT, $0
	LEAQ TLS_BIAS(DI), SI
	MOVL $ARCH_SET_FS, DI
	MOVL $SYS_arch_prctl, AX
	SYSCALL
	CMPQ AX, $ERRNO_MIN
	JLS  done
	MOVL $0xf1, 0xf1

done:
	RET

// func osyield()
TEXT runtime·osyield(SB), NOSPLIT, $0
	MOVL $SYS_sched_yield, AX
	SYSCALL
	RET

// func sched_getaffinity(pid, len uintptr, buf *byte) int32
TEXT runtime·sched_getaffinity(SB), NOSPLIT, $0
	MOVQ pid+0(FP), DI
	MOVQ len+8(FP), SI
	MOVQ buf+16(FP), DX
	MOVL $SYS_sched_getaffinity, AX
	SYSCALL
	MOVL AX, ret+24(FP)
	RET
