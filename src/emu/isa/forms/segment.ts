/**
 * Segment registers and descriptors as a 64-bit program on Linux sees them. SDM vol. 1, 5.1.12; vol. 3, 3.4.
 *
 * In 64-bit mode segments have no limits, and only FS and GS have a base; but selectors can still be loaded, read and
 * asked about. What may be loaded is what Linux's descriptor table opens to user code.
 */
import { type Form, form, requires } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops, Width } from '../ops.ts';
import type { Place } from '../place.ts';
import { pop, push } from '../stack.ts';

interface Descriptor {
  /** The selector without its two bits of requested privilege. */
  readonly selector: bigint;
  /** LAR's and LSL's answers. */
  readonly rights: bigint;
  readonly limit: bigint;
}

/** Measured with LAR and LSL on Linux 6.18; arch/x86/include/asm/segment.h. The last one's limit is the CPU's number. */
// biome-ignore format: table
const descriptors: readonly Descriptor[] = [
  { selector: 0x20n, rights: 0x00cf_fb00n, limit: 0xffff_ffffn }, // __USER32_CS
  { selector: 0x28n, rights: 0x00cf_f300n, limit: 0xffff_ffffn }, // __USER_DS
  { selector: 0x30n, rights: 0x00af_fb00n, limit: 0xffff_ffffn }, // __USER_CS
  { selector: 0x78n, rights: 0x0040_f500n, limit: 0n           }, // __CPUNODE_SEG
];
const STACK_SELECTOR = 0x2bn;
const WRITABLE = 0x28n;

const equals = <V>(o: Ops<V>, a: V, b: bigint): V => o.isZero(o.xor(a, o.const(b)));
const withoutPrivilege = <V>(o: Ops<V>, selector: V): V => o.and(selector, o.const(0xfffcn));
const isKnown = <V>(o: Ops<V>, base: V): V =>
  descriptors.reduce((found, d) => o.or(found, equals(o, base, d.selector)), o.const(0n));

/** #GP unless it may be loaded: a null selector or an open descriptor; for SS only the data segment at privilege 3. */
function loadSelector<V>(o: Ops<V>, to: Place, selector: V): void {
  if (to.in !== 'seg') return;
  const base = o.let(withoutPrivilege(o, selector));
  const isOpen = to.n === SS ? equals(o, selector, STACK_SELECTOR) : o.or(o.isZero(base), isKnown(o, base));
  o.when(o.isZero(isOpen), () => o.raise('protection', 'no such segment'));
  o.put(to, selector);
  // Every segment that can be loaded begins at 0.
  if (to.n === FS) o.setSegmentBase('FS', o.const(0n));
  if (to.n === GS) o.setSegmentBase('GS', o.const(0n));
}
const [SS, FS, GS] = [2, 4, 5];

const movFrom: Meaning = (o, dst: Place, src: Place) => o.put(dst, o.get(src));
const movTo: Meaning = (o, dst: Place, src: Place) => loadSelector(o, dst, o.let(o.get(src)));
const pushSelector =
  (w: Width): Meaning =>
  (o, src: Place) =>
    push(o, o.get(src), w);
const popSelector =
  (w: Width): Meaning =>
  (o, dst: Place) =>
    loadSelector(o, dst, o.let(o.narrow(pop(o, w), 16)));

/** An offset and behind it a selector, from memory. Of a 64-bit one AMD loads 32 bits and Intel all. */
const loadFar =
  (n: number): Meaning =>
  (o, dst: Place, pointer: Place) => {
    const where = o.let(o.linear(pointer));
    const offset = o.let(o.load(where, dst.w));
    const selector = o.let(o.load(o.add(where, o.const(BigInt(dst.w / 8)), 64), 16));
    loadSelector(o, { in: 'seg', n, w: 16 }, selector);
    o.put(dst, offset);
  };

/** LAR and LSL: what the descriptor says and ZF, or only a clear ZF. */
const ask =
  (what: 'rights' | 'limit'): Meaning =>
  (o, dst: Place, selector: Place) => {
    const base = o.let(withoutPrivilege(o, o.let(o.get(selector))));
    const found = o.let(isKnown(o, base));
    const value = descriptors.reduce(
      (v, d) => o.select(equals(o, base, d.selector), o.const(BigInt.asUintN(dst.w, d[what])), v),
      o.const(0n),
    );
    o.setFlag('ZF', found);
    o.when(found, () => o.put(dst, value));
  };
const verr: Meaning = (o, selector: Place) => {
  o.setFlag('ZF', isKnown(o, o.let(withoutPrivilege(o, o.get(selector)))));
};
const verw: Meaning = (o, selector: Place) => {
  o.setFlag('ZF', equals(o, withoutPrivilege(o, o.get(selector)), WRITABLE));
};

/** What Linux answers in the CPU's place where UMIP forbids these (arch/x86/kernel/umip.c): measured, as above. */
const constant =
  (v: bigint): Meaning =>
  (o, dst: Place) =>
    o.put(dst, o.const(BigInt.asUintN(dst.w, v)));
const TASK_SELECTOR = 0x40n;
const CR0 = 0x8005_0033n;
/** One value in all three operand sizes; memory takes 16 bits of it in each. */
const stored = (stem: string, encoding: string, v: bigint): Form[] =>
  (
    [
      ['W', '66 ', k.r16Rm],
      ['L', '', k.r32Rm],
      ['Q', 'REX.W ', k.r64Rm],
    ] as const
  ).flatMap(([size, prefix, register]) => [
    form(`${stem}${size}`, prefix + encoding, [register], constant(v)),
    form(`${stem}${size}`, prefix + encoding, [k.m16], constant(v)),
  ]);
/** A table's limit and base, ten bytes: the limit is 0, the base lies in the upper half, where nothing is mapped. */
const tableRegister =
  (base: bigint): Meaning =>
  (o, dst: Place) => {
    const start = o.let(o.linear(dst));
    o.store(start, 16, o.const(0n));
    o.store(o.add(start, o.const(2n), 64), 64, o.const(base));
  };

const readBase =
  (of: 'FS' | 'GS'): Meaning =>
  (o, dst: Place) =>
    o.put(dst, o.narrow(o.segmentBase(of), dst.w));
const writeBase =
  (of: 'FS' | 'GS'): Meaning =>
  (o, src: Place) => {
    const v = o.let(o.get(src));
    const high = o.const(16n);
    o.when(o.xor(v, o.sar(o.shl(v, high, 64), high, 64)), () => o.raise('protection', 'base is not canonical'));
    o.setSegmentBase(of, v);
  };

const go = { decodeOnly: true } as const;

// biome-ignore format: table
export const segment: readonly Form[] = [
  form('MOVW',   '66 8C /r',     [k.r16Rm, k.sreg],   movFrom, go),
  form('MOVW',   '8C /r',        [k.r32Rm, k.sreg],   movFrom),
  form('MOVQ',   'REX.W 8C /r',  [k.r64Rm, k.sreg],   movFrom, go),
  // Memory takes 16 bits, whatever the operand size.
  form('MOVW',   '8C /r',        [k.m16, k.sreg],     movFrom),
  form('MOVW',   '8E /r',        [k.sregTo, k.rm16],  movTo),
  form('PUSHQ',  '0F A0',        [k.FS],              pushSelector(64)),
  form('PUSHW',  '66 0F A0',     [k.FS],              pushSelector(16)),
  form('PUSHQ',  '0F A8',        [k.GS],              pushSelector(64)),
  form('PUSHW',  '66 0F A8',     [k.GS],              pushSelector(16)),
  form('POPQ',   '0F A1',        [k.FS],              popSelector(64)),
  form('POPW',   '66 0F A1',     [k.FS],              popSelector(16)),
  form('POPQ',   '0F A9',        [k.GS],              popSelector(64)),
  form('POPW',   '66 0F A9',     [k.GS],              popSelector(16)),

  // Far pointers: a segment register and a general one.
  form('LSSW',   '66 0F B2 /r',    [k.r16, k.mem], loadFar(SS)),
  form('LSSL',   '0F B2 /r',       [k.r32, k.mem], loadFar(SS)),
  form('LSSQ',   'REX.W 0F B2 /r', [k.r64, k.mem], loadFar(SS)),
  form('LFSW',   '66 0F B4 /r',    [k.r16, k.mem], loadFar(FS)),
  form('LFSL',   '0F B4 /r',       [k.r32, k.mem], loadFar(FS)),
  form('LFSQ',   'REX.W 0F B4 /r', [k.r64, k.mem], loadFar(FS)),
  form('LGSW',   '66 0F B5 /r',    [k.r16, k.mem], loadFar(GS)),
  form('LGSL',   '0F B5 /r',       [k.r32, k.mem], loadFar(GS)),
  form('LGSQ',   'REX.W 0F B5 /r', [k.r64, k.mem], loadFar(GS)),

  form('LARW',   '66 0F 02 /r',    [k.r16, k.rm16],   ask('rights')),
  form('LARL',   '0F 02 /r',       [k.r32, k.rm16],   ask('rights')),
  form('LARQ',   'REX.W 0F 02 /r', [k.r64, k.rm16],   ask('rights')),
  form('LSLW',   '66 0F 03 /r',    [k.r16, k.rm16],   ask('limit')),
  form('LSLL',   '0F 03 /r',       [k.r32, k.rm16],   ask('limit')),
  form('LSLQ',   'REX.W 0F 03 /r', [k.r64, k.rm16],   ask('limit')),
  form('VERR',   '0F 00 /4',       [k.rm16],          verr),
  form('VERW',   '0F 00 /5',       [k.rm16],          verw),

  // Memory takes 16 bits, whatever the operand size.
  ...stored('SLDT', '0F 00 /0', 0n),
  ...stored('STR',  '0F 00 /1', TASK_SELECTOR),
  ...stored('SMSW', '0F 01 /4', CR0),
  form('SGDT',   '0F 01 /0',       [k.mem],           tableRegister(0xffff_ffff_fffe_0000n)),
  form('SIDT',   '0F 01 /1',       [k.mem],           tableRegister(0xffff_ffff_ffff_0000n)),

  ...requires('FSGSBASE', [
    form('RDFSBASEL', 'F3 0F AE /0',       [k.r32Rm], readBase('FS')),
    form('RDFSBASEQ', 'F3 REX.W 0F AE /0', [k.r64Rm], readBase('FS')),
    form('RDGSBASEL', 'F3 0F AE /1',       [k.r32Rm], readBase('GS')),
    form('RDGSBASEQ', 'F3 REX.W 0F AE /1', [k.r64Rm], readBase('GS')),
    form('WRFSBASEL', 'F3 0F AE /2',       [k.r32Rm], writeBase('FS')),
    form('WRFSBASEQ', 'F3 REX.W 0F AE /2', [k.r64Rm], writeBase('FS')),
    form('WRGSBASEL', 'F3 0F AE /3',       [k.r32Rm], writeBase('GS')),
    form('WRGSBASEQ', 'F3 REX.W 0F AE /3', [k.r64Rm], writeBase('GS')),
  ]),
];
