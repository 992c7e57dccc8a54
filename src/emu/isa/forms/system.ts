/** Flags, fences, traps, identification, system calls. SDM vol. 1, 5.1.11, 5.1.12, 5.20. */
import { type Form, form } from '../form.ts';
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
const undefinedOpcode: Meaning = (o) => o.raise('undefined', 'UD2');
const halt: Meaning = (o) => o.raise('protection', 'HLT is privileged');
const interrupt: Meaning = (o, vector: Place) => o.interrupt(vector.in === 'imm' ? Number(vector.value) : 0);
const int3: Meaning = (o) => o.interrupt(3);

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
const rdtscp: Meaning = (o) => {
  rdtsc(o);
  o.put(gpr(1, 32), o.const(0n));
};

const go = { decodeOnly: true } as const;

// biome-ignore format: table
export const system: readonly Form[] = [
  form('CLC',        'F8',           [],        set('CF', 0n)),
  form('STC',        'F9',           [],        set('CF', 1n)),
  form('CMC',        'F5',           [],        cmc),
  form('CLD',        'FC',           [],        set('DF', 0n)),
  form('STD',        'FD',           [],        set('DF', 1n)),

  form('LAHF',       '9F',           [],        lahf),
  form('SAHF',       '9E',           [],        sahf),

  form('NOP',        '90',           [],        nothing, { decodeOnly: true, noRexB: true }),
  form('PAUSE',      'F3 90',        [],        nothing, { noRexB: true }),
  form('NOPW',       '66 0F 1F /0',  [k.rm16],  nothing),
  form('NOPL',       '0F 1F /0',     [k.rm32],  nothing),
  form('ENDBR64',    'F3 0F 1E FA',  [],        nothing, go),
  // The hint space of 0F 19 to 0F 1F does nothing, whatever newer processors make of it (RDSSPQ without shadow stacks).
  ...['19', '1A', '1B', '1C', '1D', '1E', '1F'].flatMap((b) => [
    form('NOPW',     `66 0F ${b} /r`, [k.rm16, k.r16], nothing, go),
    form('NOPL',     `0F ${b} /r`,    [k.rm32, k.r32], nothing, go),
  ]),
  form('LFENCE',     'NP 0F AE E8',  [],        fence),
  form('MFENCE',     'NP 0F AE F0',  [],        fence),
  form('SFENCE',     'NP 0F AE F8',  [],        fence),
  form('PREFETCHNTA','0F 18 /0',     [k.m8],    nothing),
  form('PREFETCHT0', '0F 18 /1',     [k.m8],    nothing),
  form('PREFETCHT1', '0F 18 /2',     [k.m8],    nothing),
  form('PREFETCHT2', '0F 18 /3',     [k.m8],    nothing),

  form('SYSCALL',    '0F 05',        [],        syscall),
  form('INT',        'CD ib',        [k.uimm8], interrupt),
  form('INT3',       'CC',           [],        int3, go),
  form('UD2',        '0F 0B',        [],        undefinedOpcode),
  form('HLT',        'F4',           [],        halt),
  form('CPUID',      '0F A2',        [],        cpuid),
  form('RDTSC',      '0F 31',        [],        rdtsc),
  form('RDTSCP',     '0F 01 F9',     [],        rdtscp),
];
