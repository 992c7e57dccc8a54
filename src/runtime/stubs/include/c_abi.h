// Between C, which wants BX, BP and R12 to R15 back (psABI 3.2.1), and Go, which keeps none of them.
// For functions without a frame. DF and MXCSR mean the same to both.
#define SAVE_C_REGISTERS() \
	ADJSP $48 \
	MOVQ BP, 40(SP) \
	LEAQ 40(SP), BP \
	MOVQ BX, 0(SP) \
	MOVQ R12, 8(SP) \
	MOVQ R13, 16(SP) \
	MOVQ R14, 24(SP) \
	MOVQ R15, 32(SP)

#define RESTORE_C_REGISTERS() \
	MOVQ 0(SP), BX \
	MOVQ 8(SP), R12 \
	MOVQ 16(SP), R13 \
	MOVQ 24(SP), R14 \
	MOVQ 32(SP), R15 \
	MOVQ 40(SP), BP \
	ADJSP $-48
