/** Flags, fences, traps, identification, system calls. SDM vol. 1, 5.1.11, 5.1.12, 5.20. */
import { type Form, form, requires } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, StatusFlag } from '../ops.ts';
import { gpr, type Place } from '../place.ts';

const set =
  (f: StatusFlag, v: bigint): Meaning =>
  (o) =>
    o.setFlag(f, o.const(v));
const cmc: Meaning = (o) => o.setFlag('CF', o.isZero(o.flag('CF')));

/** LAHF and SAHF move SF ZF AF PF CF, at their places in RFLAGS, through AH. Bit 1 reads as one. */
const AH: Place = { in: 'gpr', n: 0, w: 8, high: true };
const inAh = [
  ['CF', 0n],
  ['PF', 2n],
  ['AF', 4n],
  ['ZF', 6n],
  ['SF', 7n],
] as const;
const lahf: Meaning = (o) =>
  o.put(
    AH,
    inAh.reduce((v, [f, at]) => o.or(v, o.shl(o.flag(f), o.const(at), 8)), o.const(2n)),
  );
const sahf: Meaning = (o) => {
  const v = o.let(o.get(AH));
  for (const [f, at] of inAh) o.setFlag(f, o.bit(v, o.const(at)));
};

const nothing: Meaning = () => {};
/** Fences order memory accesses; with one task at a time they are ordered already. */
const fence = nothing;
const undefinedOpcode =
  (name: string): Meaning =>
  (o) =>
    o.raise('undefined', name);

/** The vectors whose gates Linux opens to INT n: breakpoint, overflow, and the 32-bit system calls. */
const OPEN = [3, 4, 0x80];
const interrupt: Meaning = (o, vector: Place) => {
  const n = vector.in === 'imm' ? Number(vector.value) : 0;
  if (OPEN.includes(n)) o.interrupt(n);
  else o.raise('protection', `INT $0x${n.toString(16)} is not open to user code`);
};
const int3: Meaning = (o) => o.interrupt(3);
// The debug trap without its gate's privilege check.
const icebp: Meaning = (o) => o.interrupt(1);

// RIP goes to RCX and RFLAGS to R11; RAX is the kernel's to set (SDM vol. 2, SYSCALL).
const syscall: Meaning = (o) => {
  o.put(gpr(1, 64), o.next());
  o.put(gpr(11, 64), o.flags());
  o.syscall();
};

const cpuid: Meaning = (o) => {
  const [a, b, c, d] = o.cpuid(o.get(gpr(0, 32)), o.get(gpr(1, 32)));
  o.put(gpr(0, 32), a);
  o.put(gpr(3, 32), b);
  o.put(gpr(1, 32), c);
  o.put(gpr(2, 32), d);
};

const rdtsc: Meaning = (o) => {
  const t = o.let(o.timestamp());
  o.put(gpr(0, 32), o.narrow(t, 32));
  o.put(gpr(2, 32), o.shr(t, o.const(32n), 64));
};

// TSC_AUX holds the processor's number: there is one, number 0.
const PROCESSOR = 0n;
const rdtscp: Meaning = (o) => {
  rdtsc(o);
  o.put(gpr(1, 32), o.const(PROCESSOR));
};
const rdpid: Meaning = (o, dst: Place) => o.put(dst, o.const(PROCESSOR));

// There is always a number at hand: CF is set, the other flags are clear.
const random: Meaning = (o, dst: Place) => {
  o.put(dst, o.narrow(o.random(), dst.w));
  o.setFlag('CF', o.const(1n));
  for (const f of ['PF', 'AF', 'ZF', 'SF', 'OF'] as const) o.setFlag(f, o.const(0n));
};

// XCR0, the only one: Linux enables every state component that CPUID knows.
const xgetbv: Meaning = (o) => {
  o.when(o.get(gpr(1, 32)), () => o.raise('protection', 'there is no such extended control register'));
  const [enabled] = o.cpuid(o.const(0xdn), o.const(0n));
  o.put(gpr(0, 32), enabled);
  o.put(gpr(2, 32), o.const(0n));
};

/** Cache lines are not modelled; the address must be readable all the same. */
const flushLine: Meaning = (o, line: Place) => {
  o.let(o.get(line));
};

const go = { decodeOnly: true } as const;

/** One opcode of the hint space. */
const hints = (opcode: string): Form[] => [
  form('NOPW', `66 0F ${opcode} /r`, [k.rm16, k.r16], nothing, go),
  form('NOPL', `0F ${opcode} /r`, [k.rm32, k.r32], nothing, go),
];

/** #UD, as on every processor without the extension. */
const absent = (name: string, encoding: string, ...operands: readonly k.OperandKind[]): Form =>
  form(name, encoding, operands, undefinedOpcode(name));

// biome-ignore format: table
export const system: readonly Form[] = [
  form('CLC',        'F8',           [],        set('CF', 0n)),
  form('STC',        'F9',           [],        set('CF', 1n)),
  form('CMC',        'F5',           [],        cmc),
  form('CLD',        'FC',           [],        set('DF', 0n)),
  form('STD',        'FD',           [],        set('DF', 1n)),

  ...requires('LAHF', [
    form('LAHF',     '9F',           [],        lahf),
    form('SAHF',     '9E',           [],        sahf),
  ]),

  form('NOP',        '90',           [],        nothing, { decodeOnly: true, noRexB: true }),
  form('PAUSE',      'F3 90',        [],        nothing, { noRexB: true }),
  form('NOPW',       '66 0F 1F /0',  [k.rm16],  nothing),
  form('NOPL',       '0F 1F /0',     [k.rm32],  nothing),
  form('ENDBR64',    'F3 0F 1E FA',  [],        nothing, go),
  // The hint space of 0F 19 to 0F 1F does nothing, whatever newer processors make of it (RDSSPQ without shadow stacks).
  form('CLDEMOTE',   'NP 0F 1C /0',  [k.m8],    nothing),
  ...['19', '1A', '1B', '1C', '1D', '1E', '1F'].flatMap(hints),
  form('LFENCE',     'NP 0F AE E8',  [],        fence),
  form('MFENCE',     'NP 0F AE F0',  [],        fence),
  form('SFENCE',     'NP 0F AE F8',  [],        fence),
  // The low three bits of a fence mean nothing.
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((n) => [
    form('LFENCE',   `NP 0F AE E${(8 + n).toString(16).toUpperCase()}`, [], fence, go),
    form('MFENCE',   `NP 0F AE F${n}`,                                  [], fence, go),
    form('SFENCE',   `NP 0F AE F${(8 + n).toString(16).toUpperCase()}`, [], fence, go),
  ]),
  form('CLFLUSH',    'NP 0F AE /7',  [k.m8],    flushLine),
  ...requires('CLFLUSHOPT', [form('CLFLUSHOPT', '66 0F AE /7', [k.m8], flushLine)]),
  ...requires('CLWB',       [form('CLWB',       '66 0F AE /6', [k.m8], flushLine)]),
  form('PREFETCHNTA','0F 18 /0',     [k.m8],    nothing),
  form('PREFETCHT0', '0F 18 /1',     [k.m8],    nothing),
  form('PREFETCHT1', '0F 18 /2',     [k.m8],    nothing),
  form('PREFETCHT2', '0F 18 /3',     [k.m8],    nothing),
  ...hints('18'),
  form('PREFETCHW',  '0F 0D /1',     [k.m8],    nothing, { ...go, feature: 'PREFETCHW',   elseIgnored: true }),
  form('PREFETCHWT1','0F 0D /2',     [k.m8],    nothing, { ...go, feature: 'PREFETCHWT1', elseIgnored: true }),
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((digit) => form('PREFETCH', `0F 0D /${digit}`, [k.m8], nothing, go)),

  form('SYSCALL',    '0F 05',        [],        syscall),
  // CPUID says SEP is not there: 64-bit programs cannot use it (AMD's processors say #UD, on Intel's it enters as 32-bit).
  form('SYSENTER',   '0F 34',        [],        undefinedOpcode('SYSENTER')),
  form('SYSENTER64', 'REX.W 0F 34',  [],        undefinedOpcode('SYSENTER')),
  form('INT',        'CD ib',        [k.any8],  interrupt),
  form('INT3',       'CC',           [],        int3, go),
  form('ICEBP',      'F1',           [],        icebp),
  form('UD0',        '0F FF /r',     [k.r32, k.rm32], undefinedOpcode('UD0'), go),
  form('UD1',        '0F B9 /r',     [k.r32, k.rm32], undefinedOpcode('UD1'), go),
  // Go leaves out the ModRM byte.
  form('UD1',        '0F B9',        [],        undefinedOpcode('UD1'), { truncated: true }),
  form('UD2',        '0F 0B',        [],        undefinedOpcode('UD2')),
  // Of extensions that no model has.
  absent('INVPCID',  '66 0F 38 82 /r', k.r64, k.m128),
  absent('RDPKRU',   'NP 0F 01 EE'),
  absent('WRPKRU',   'NP 0F 01 EF'),
  absent('XEND',     'NP 0F 01 D5'),
  absent('XTEST',    'NP 0F 01 D6'),
  absent('XABORT',   'C6 F8 ib',       k.uimm8),
  absent('TPAUSE',   '66 0F AE /6',    k.r32Rm),
  absent('UMWAIT',   'F2 0F AE /6',    k.r32Rm),
  absent('UMONITOR', 'F3 0F AE /6',    k.r64Rm),
  form('CPUID',      '0F A2',        [],        cpuid),
  form('RDTSC',      '0F 31',        [],        rdtsc),
  ...requires('RDTSCP', [form('RDTSCP', '0F 01 F9', [], rdtscp)]),
  ...requires('RDPID',  [form('RDPID', 'F3 0F C7 /7', [k.r64Rm], rdpid, go)]),
  ...requires('RDRAND', [
    form('RDRANDW',  '66 0F C7 /6',        [k.r16Rm], random),
    form('RDRANDL',  'NFx 0F C7 /6',       [k.r32Rm], random),
    form('RDRANDQ',  'NFx REX.W 0F C7 /6', [k.r64Rm], random),
  ]),
  ...requires('RDSEED', [
    form('RDSEEDW',  '66 0F C7 /7',        [k.r16Rm], random),
    form('RDSEEDL',  'NFx 0F C7 /7',       [k.r32Rm], random),
    form('RDSEEDQ',  'NFx REX.W 0F C7 /7', [k.r64Rm], random),
  ]),
  ...requires('XSAVE',  [form('XGETBV', 'NP 0F 01 D0', [], xgetbv)]),
];
