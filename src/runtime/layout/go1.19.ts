/** Layouts of Go 1.19's runtime on amd64, as `go tool compile -asmhdr` gives them. A test holds them equal. */
import { struct } from './struct.ts';

// biome-ignore format: table
export const stack = struct('stack', 16, { lo: [0, 8], hi: [8, 8] });

// biome-ignore format: table
export const gobuf = struct('gobuf', 56, {
  sp: [0, 8], pc: [8, 8], g: [16, 8], ctxt: [24, 8], ret: [32, 8], lr: [40, 8], bp: [48, 8],
});

// biome-ignore format: table
export const g = struct('g', 392, {
  stack:        [0, 16],  stackguard0: [16, 8],  stackguard1:  [24, 8],   _panic:      [32, 8],  _defer:     [40, 8],
  m:            [48, 8],  sched:       [56, 56], syscallsp:    [112, 8],  syscallpc:   [120, 8], stktopsp:   [128, 8],
  param:        [136, 8], atomicstatus: [144, 4], stackLock:   [148, 4],  goid:        [152, 8], schedlink:  [160, 8],
  waitsince:    [168, 8], waitreason:  [176, 1], preempt:      [177, 1],  preemptStop: [178, 1], preemptShrink: [179, 1],
  asyncSafePoint: [180, 1], paniconfault: [181, 1], gcscandone: [182, 1], throwsplit:  [183, 1], activeStackChans: [184, 1],
  parkingOnChan: [185, 1], raceignore: [186, 1], sysblocktraced: [187, 1], lockedm:    [232, 8], sig: [240, 4],
  sigcode0:    [272, 8], sigcode1:    [280, 8],  gopc:         [296, 8],
  startpc:      [312, 8], racectx:     [320, 8], waiting:      [328, 8],  cgoCtxt:     [336, 24],
});

// biome-ignore format: table
export const m = struct('m', 1008, {
  g0:         [0, 8],    morebuf:    [8, 56],   procid:      [72, 8],  gsignal:  [80, 8],   goSigStack: [88, 40],
  sigmask:    [128, 8],  tls:        [136, 48], mstartfn:    [184, 8], curg:     [192, 8],  caughtsig:  [200, 8],
  p:          [208, 8],  nextp:      [216, 8],  oldp:        [224, 8], id:       [232, 8],  mallocing:  [240, 4],
  throwing:   [244, 4],  preemptoff: [248, 16], locks:       [264, 4], dying:    [268, 4],  profilehz:  [272, 4],
  spinning:   [276, 1],  blocked:    [277, 1],  newSigstack: [278, 1], incgo:    [280, 1],  fastrand:   [288, 8],
  needextram: [296, 1],  traceback:  [297, 1],  ncgocall:    [304, 8], ncgo:     [312, 4],  cgoCallersUse: [316, 4],
  cgoCallers: [320, 8],  park:       [328, 8],  alllink:     [336, 8], schedlink: [344, 8], lockedg:    [352, 8],
  lockedExt:  [616, 4],  lockedInt:  [620, 4],  waitunlockf: [632, 8], waitlock: [640, 8],  syscalltick: [668, 4], libcall:  [680, 48], libcallsp:  [736, 8],
  syscall:    [752, 48], vdsoSP:     [800, 8],  vdsoPC:      [808, 8], preemptGen: [816, 4], signalPending: [820, 4],
});

// biome-ignore format: table
export const p = struct('p', 8912, {
  id:       [0, 4],   status:      [4, 4],   link:     [8, 8],    schedtick: [16, 4],  syscalltick: [20, 4],
  sysmontick: [24, 32], m:         [56, 8],  mcache:   [64, 8],   raceprocctx: [96, 8], deferpool:  [104, 24],
  deferpoolbuf: [128, 256], runqhead: [400, 4],
  runqtail: [404, 4], runq:        [408, 2048], runnext: [2456, 8], wbBuf:   [4712, 4112], runSafePointFn: [8824, 4],
  preempt:  [8904, 1],
});

// biome-ignore format: table
export const schedt = struct('schedt', 6080, {
  goidgen:     [0, 8],    lastpoll:   [8, 8],     lock:       [24, 8],  midle:       [32, 8],    nmidle:      [40, 4],
  nmidlelocked: [44, 4],  mnext:      [48, 8],    maxmcount:  [56, 4],  nmsys:       [60, 4],    nmfreed: [64, 8],  ngsys:       [72, 4],
  pidle:       [80, 8],   npidle:     [88, 4],    nmspinning: [92, 4],  runq:        [96, 16],   runqsize:    [112, 4],
  gcwaiting:   [224, 4],  stopwait:   [228, 4],   stopnote:   [232, 8], sysmonwait:  [240, 4],   sysmonnote:  [248, 8],
  sysmonlock:  [304, 8],
});

export const gQueue = struct('gQueue', 16, { head: [0, 8], tail: [8, 8] });

// biome-ignore format: table
export const sysmontick = struct('sysmontick', 32, {
  schedtick: [0, 4], schedwhen: [8, 8], syscalltick: [16, 4], syscallwhen: [24, 8],
});

export const mutex = struct('mutex', 8, { key: [0, 8] });

export const note = struct('note', 8, { key: [0, 8] });

// biome-ignore format: table
export const defer = struct('_defer', 72, {
  started: [0, 1],  heap:   [1, 1],  openDefer: [2, 1],  sp: [8, 8],    pc:   [16, 8],   fn:      [24, 8],
  _panic:  [32, 8], link:   [40, 8], fd:        [48, 8], varp: [56, 8], framepc: [64, 8],
});

// biome-ignore format: table
export const panic = struct('_panic', 56, {
  argp: [0, 8], arg: [8, 16], link: [24, 8], pc: [32, 8], sp: [40, 8], recovered: [48, 1], aborted: [49, 1], goexit: [50, 1],
});

// biome-ignore format: table
export const sudog = struct('sudog', 88, {
  g: [0, 8], next: [8, 8], prev: [16, 8], elem: [24, 8], waitlink: [64, 8],
});

export const wbBuf = struct('wbBuf', 4112, { next: [0, 8], end: [8, 8], buf: [16, 4096] });

export const funcval = struct('funcval', 8, { fn: [0, 8] });

// biome-ignore format: table
export const stackt = struct('stackt', 24, { ss_sp: [0, 8], ss_flags: [8, 4], ss_size: [16, 8] });

export const libcall = struct('libcall', 48, {
  fn: [0, 8],
  n: [8, 8],
  args: [16, 8],
  r1: [24, 8],
  r2: [32, 8],
  err: [40, 8],
});

export const moduledata = struct('moduledata', 552, { next: [544, 8] });

export const structs = [
  stack,
  gobuf,
  g,
  m,
  p,
  schedt,
  gQueue,
  sysmontick,
  mutex,
  note,
  defer,
  panic,
  sudog,
  wbBuf,
  funcval,
  stackt,
  libcall,
  moduledata,
] as const;

/** StackGuard (runtime/stack.go): how far above its low bound a stack's guard is. */
export const STACK_GUARD = 928n;

/** Constants that assembly reads as `const_NAME`. */
export const constants: Readonly<Record<string, number>> = {
  _StackGuard: Number(STACK_GUARD),
  tlsSize: 48,
  // Fields of internal/cpu.X86, by which assembly chooses its instructions.
  offsetX86HasAVX: 66,
  offsetX86HasAVX2: 67,
  offsetX86HasERMS: 70,
  offsetX86HasRDTSCP: 75,
};

/** G statuses (runtime2.go). */
export const G = {
  idle: 0,
  runnable: 1,
  running: 2,
  syscall: 3,
  waiting: 4,
  dead: 6,
  copystack: 8,
  preempted: 9,
} as const;
/** Set in a G's status while whoever set it owns the stack: _Gscan (runtime2.go). */
export const SCAN = 0x1000n;
/** P statuses (runtime2.go). */
export const P = { idle: 0, running: 1, syscall: 2, gcstop: 3, dead: 4 } as const;
