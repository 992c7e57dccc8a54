// Variables of the Go side that our stubs read by name. Zero: no race detector, no vDSO, no traceback through C.
#include "textflag.h"

// The addresses that the race detector knows: the heap's, and those of data and BSS.
GLOBL runtime·racearenastart(SB), NOPTR, $8
GLOBL runtime·racearenaend(SB), NOPTR, $8
GLOBL runtime·racedatastart(SB), NOPTR, $8
GLOBL runtime·racedataend(SB), NOPTR, $8

// Address of the vDSO's clock_gettime.
GLOBL runtime·vdsoClockgettimeSym(SB), NOPTR, $8

// What SetCgoTraceback was given, and the C function that calls it.
GLOBL runtime·cgoTraceback(SB), NOPTR, $8
GLOBL _cgo_callers(SB), NOPTR, $8

// One traceback of a thread without g at a time: its lock, a uint32, and its 32 PCs.
GLOBL runtime·sigprofCallersUse(SB), NOPTR, $4
GLOBL runtime·sigprofCallers(SB), NOPTR, $256
