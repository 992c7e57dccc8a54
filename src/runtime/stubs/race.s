// Go tells ThreadSanitizer what it does, and the sanitizer asks back.
#include "c_abi.h"
#include "go_asm.h"
#include "go_tls.h"
#include "textflag.h"

// What instrumented code calls is ABIInternal: a wrapper would come between it and the PC that is reported.

// func raceread(addr uintptr)
TEXT runtime·raceread<ABIInternal>(SB), NOSPLIT, $0-8
	MOVQ AX, SI
	MOVQ 0(SP), DX // our caller
	MOVQ $__tsan_read(SB), AX
	JMP  racecalladdr<>(SB)

// func racewrite(addr uintptr)
TEXT runtime·racewrite<ABIInternal>(SB), NOSPLIT, $0-8
	MOVQ AX, SI
	MOVQ 0(SP), DX
	MOVQ $__tsan_write(SB), AX
	JMP  racecalladdr<>(SB)

// func racereadrange(addr, size uintptr)
TEXT runtime·racereadrange<ABIInternal>(SB), NOSPLIT, $0-16
	MOVQ AX, SI
	MOVQ BX, DX
	MOVQ 0(SP), CX
	MOVQ $__tsan_read_range(SB), AX
	JMP  racecalladdr<>(SB)

// func racewriterange(addr, size uintptr)
TEXT runtime·racewriterange<ABIInternal>(SB), NOSPLIT, $0-16
	MOVQ AX, SI
	MOVQ BX, DX
	MOVQ 0(SP), CX
	MOVQ $__tsan_write_range(SB), AX
	JMP  racecalladdr<>(SB)

// Below, pc is a function's start; the sanitizer takes return addresses and subtracts one.

// func racereadpc(addr unsafe.Pointer, callpc, pc uintptr)
TEXT runtime·racereadpc(SB), NOSPLIT, $0-24
	MOVQ addr+0(FP), SI
	MOVQ callpc+8(FP), DX
	MOVQ pc+16(FP), CX
	INCQ CX
	MOVQ $__tsan_read_pc(SB), AX
	JMP  racecalladdr<>(SB)

// func racewritepc(addr unsafe.Pointer, callpc, pc uintptr)
TEXT runtime·racewritepc(SB), NOSPLIT, $0-24
	MOVQ addr+0(FP), SI
	MOVQ callpc+8(FP), DX
	MOVQ pc+16(FP), CX
	INCQ CX
	MOVQ $__tsan_write_pc(SB), AX
	JMP  racecalladdr<>(SB)

// func racereadrangepc1(addr unsafe.Pointer, sz, pc uintptr)
TEXT runtime·racereadrangepc1(SB), NOSPLIT, $0-24
	MOVQ addr+0(FP), SI
	MOVQ sz+8(FP), DX
	MOVQ pc+16(FP), CX
	INCQ CX
	MOVQ $__tsan_read_range(SB), AX
	JMP  racecalladdr<>(SB)

// func racewriterangepc1(addr unsafe.Pointer, sz, pc uintptr)
TEXT runtime·racewriterangepc1(SB), NOSPLIT, $0-24
	MOVQ addr+0(FP), SI
	MOVQ sz+8(FP), DX
	MOVQ pc+16(FP), CX
	INCQ CX
	MOVQ $__tsan_write_range(SB), AX
	JMP  racecalladdr<>(SB)

// func racefuncenter(callpc uintptr)
TEXT runtime·racefuncenter(SB), NOSPLIT, $0-8
	MOVQ callpc+0(FP), SI
	MOVQ DX, BX // The function that is being entered may be a closure: keep its context where C does.
	MOVQ g_racectx(R14), DI
	MOVQ $__tsan_func_enter(SB), AX
	CALL racecall<>(SB)
	MOVQ BX, DX
	RET

// func racefuncexit()
TEXT runtime·racefuncexit(SB), NOSPLIT, $0-0
	MOVQ g_racectx(R14), DI
	MOVQ $__tsan_func_exit(SB), AX
	JMP  racecall<>(SB)

// func racecall(fn *byte, arg0, arg1, arg2, arg3 uintptr)
TEXT runtime·racecall(SB), NOSPLIT, $0-0
	MOVQ fn+0(FP), AX
	MOVQ arg0+8(FP), DI
	MOVQ arg1+16(FP), SI
	MOVQ arg2+24(FP), DX
	MOVQ arg3+32(FP), CX
	JMP  racecall<>(SB)

// Call C's AX with the goroutine's context first, unless the address, in SI, is none the sanitizer keeps shadow for.
TEXT racecalladdr<>(SB), NOSPLIT, $0-0
	MOVQ g_racectx(R14), DI
	CMPQ SI, runtime·racearenastart(SB)
	JCS  data
	CMPQ SI, runtime·racearenaend(SB)
	JCS  known

data:
	CMPQ SI, runtime·racedatastart(SB)
	JCS  unknown
	CMPQ SI, runtime·racedataend(SB)
	JCC  unknown

known:
	JMP racecall<>(SB)

unknown:
	RET

// Call C's AX on g0's stack, with the arguments where they are. TLS keeps the goroutine.
TEXT racecall<>(SB), NOSPLIT, $0-0
	MOVQ SP, R12 // C gives R12 back.
	MOVQ g_m(R14), R13
	MOVQ m_g0(R13), R13
	CMPQ R14, R13
	JEQ  call
	MOVQ (g_sched+gobuf_sp)(R13), SP

call:
	ANDQ  $~15, SP
	CALL  AX
	MOVQ  R12, SP
	XORPS X15, X15
	RET

// void racecallbackthunk(uintptr cmd, void *ctx), called by the sanitizer.
TEXT runtime·racecallbackthunk(SB), NOSPLIT, $0-0
	CMPQ DI, $0
	JNE  callback

	// Command 0, the frequent one: *ctx is to be this P's processor. On whatever stack, and with DI alone.
	get_tls(DI)
	MOVQ g(DI), DI
	MOVQ g_m(DI), DI
	MOVQ m_p(DI), DI
	MOVQ p_raceprocctx(DI), DI
	MOVQ DI, 0(SI)
	RET

callback:
	// racecall has switched stacks, not g. As in Go 1.19 there is no case for a g0 that called in its own name: it
	// comes back as the goroutine.
	SAVE_C_REGISTERS()
	get_tls(R12)
	MOVQ  g(R12), R13
	MOVQ  g_m(R13), R13
	MOVQ  m_g0(R13), R14
	MOVQ  R14, g(R12)
	PUSHQ SI
	PUSHQ DI
	CALL  runtime·racecallback(SB)
	POPQ  R12
	POPQ  R12
	get_tls(R12)
	MOVQ  g(R12), R13
	MOVQ  g_m(R13), R13
	MOVQ  m_curg(R13), R13
	MOVQ  R13, g(R12)
	RESTORE_C_REGISTERS()
	RET
