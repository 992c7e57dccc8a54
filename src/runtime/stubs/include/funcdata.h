// What stack maps are announced with.
#define PCDATA_UnsafePoint 0
#define PCDATA_StackMapIndex 1
#define FUNCDATA_ArgsPointerMaps 0
#define FUNCDATA_LocalsPointerMaps 1
#define FUNCDATA_StackObjects 2

// No local variable of this function holds a pointer.
#define NO_LOCAL_POINTERS FUNCDATA $FUNCDATA_LocalsPointerMaps, no_pointers_stackmap(SB)
// The arguments are as in the function's Go declaration.
#define GO_ARGS FUNCDATA $FUNCDATA_ArgsPointerMaps, go_args_stackmap(SB)
// From here on the results are initialised.
#define GO_RESULTS_INITIALIZED PCDATA $PCDATA_StackMapIndex, $1
