# What .eh_frame can say beyond what gcc says of C: long advances, remembered states, expressions, a signal frame.
	.text
	.globl long_advances
	.type long_advances, @function
long_advances:
	.cfi_startproc
	push %rbx
	.cfi_def_cfa_offset 16
	.skip 100, 0x90
	push %rbx
	.cfi_adjust_cfa_offset 8
	.skip 300, 0x90
	push %rbx
	.cfi_def_cfa %rsp, 32
	.skip 70000, 0x90
	add $24, %rsp
	.cfi_def_cfa_offset 8
	.cfi_undefined %rax
	.cfi_register %rcx, %rdx
	.cfi_same_value %rbx
	ret
	.cfi_endproc
	.size long_advances, . - long_advances

	.globl remembered
	.type remembered, @function
remembered:
	.cfi_startproc
	.cfi_personality 0x9b, pointer
	.cfi_lsda 0x1b, remembered
	sub $40, %rsp
	.cfi_def_cfa_offset 48
	test %edi, %edi
	je early
	.cfi_remember_state
	add $40, %rsp
	.cfi_def_cfa_offset 8
	ret
early:
	.cfi_restore_state
	add $40, %rsp
	.cfi_def_cfa_offset 8
	ret
	.cfi_endproc
	.size remembered, . - remembered

	.globl computed
	.type computed, @function
computed:
	.cfi_startproc
	nop
	# DW_CFA_def_cfa_expression: DW_OP_breg7 8.
	.cfi_escape 0x0f, 0x02, 0x77, 0x08
	nop
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size computed, . - computed

	.globl signal
	.type signal, @function
signal:
	.cfi_startproc
	.cfi_signal_frame
	nop
	ret
	.cfi_endproc
	.size signal, . - signal

	.globl untold
	.type untold, @function
untold:
	ret
	.size untold, . - untold

	.data
pointer:
	.quad 0
	.section .note.GNU-stack, "", @progbits
