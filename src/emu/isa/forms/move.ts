/** Moves between general registers and memory, widening, exchange. SDM vol. 1, 5.1.1. */
import { conditions } from '../condition.ts';
import { flagsOfAdd, flagsOfSub } from '../flags.ts';
import { type Form, form, requires } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Width } from '../ops.ts';
import { gpr, type Place } from '../place.ts';

const mov: Meaning = (o, dst: Place, src: Place) => o.put(dst, o.get(src));
const movsx: Meaning = (o, dst: Place, src: Place) => o.put(dst, o.signExtend(o.get(src), src.w, dst.w));
const lea: Meaning = (o, dst: Place, src: Place) => o.put(dst, o.narrow(o.address(src), dst.w));
const bswap: Meaning = (o, dst: Place) => o.put(dst, o.reverseBytes(o.get(dst), dst.w));

const xchg: Meaning = (o, a: Place, b: Place) => {
  const was = o.let(o.get(a));
  o.put(a, o.get(b));
  o.put(b, was);
};

// dst, src ← dst + src, dst
const xadd: Meaning = (o, dst: Place, src: Place) => {
  const a = o.let(o.get(dst));
  const b = o.let(o.get(src));
  const sum = o.let(o.add(a, b, dst.w));
  // The sum last: it wins when both are one register.
  o.put(src, a);
  o.put(dst, sum);
  flagsOfAdd(o, a, b, sum, dst.w);
  o.setFlag('CF', o.below(sum, a));
};

// if rAX = dst then dst ← src else rAX ← dst; the comparison's flags either way
const cmpxchg: Meaning = (o, dst: Place, src: Place) => {
  const accumulator = gpr(0, dst.w);
  const expected = o.let(o.get(accumulator));
  const found = o.let(o.get(dst));
  const difference = o.let(o.sub(expected, found, dst.w));
  const equal = o.let(o.isZero(difference));
  // Memory is written in both cases; a register only when it changes (SDM vol. 2, CMPXCHG).
  if (dst.in === 'mem') o.put(dst, o.select(equal, o.get(src), found));
  else o.when(equal, () => o.put(dst, o.get(src)));
  o.when(o.isZero(equal), () => o.put(accumulator, found));
  flagsOfSub(o, expected, found, difference, dst.w);
  o.setFlag('CF', o.below(expected, found));
};

// if rDX:rAX = dst then dst ← rCX:rBX, ZF ← 1 else rDX:rAX ← dst, ZF ← 0; memory is written in both cases
const cmpxchgPair =
  (half: Width): Meaning =>
  (o, dst: Place) => {
    const bits = o.const(BigInt(half));
    const pair = (high: Place, low: Place): ReturnType<typeof o.get> =>
      half === 64 ? o.vector(o.get(low), o.get(high)) : o.or(o.shl(o.get(high), bits, 64), o.get(low));
    // Its alignment comes before its page.
    if (half === 64) {
      const address = o.let(o.linear(dst));
      o.when(o.and(address, o.const(15n)), () => o.raise('protection', 'address is not 16-byte aligned'));
      o.checkStore(address, 128);
    }
    const [a, b, c, d] = [gpr(0, half), gpr(3, half), gpr(1, half), gpr(2, half)];
    const found = o.let(o.get(dst));
    const equal = o.let(o.isZero(o.xor(found, pair(d, a))));
    o.put(dst, o.select(equal, pair(c, b), found));
    o.when(o.isZero(equal), () => {
      o.put(a, half === 64 ? o.half(found, 0) : o.narrow(found, 32));
      o.put(d, half === 64 ? o.half(found, 1) : o.shr(found, bits, 64));
    });
    o.setFlag('ZF', equal);
  };

const movbe: Meaning = (o, dst: Place, src: Place) => o.put(dst, o.reverseBytes(o.get(src), dst.w));

// CBW CWDE CDQE: AX from AL, EAX from AX, RAX from EAX. CWD CDQ CQO: the sign of rAX into rDX.
const widen =
  (from: Width, to: Width): Meaning =>
  (o) =>
    o.put(gpr(0, to), o.signExtend(o.get(gpr(0, from)), from, to));
const spread =
  (w: Width): Meaning =>
  (o) =>
    o.put(gpr(2, w), o.sar(o.get(gpr(0, w)), o.const(BigInt(w - 1)), w));

const lock = { lock: true } as const;
const go = { decodeOnly: true } as const;

// biome-ignore format: table
export const move: readonly Form[] = [
  form('MOVB',    '88 /r',           [k.rm8,  k.r8],       mov),
  form('MOVB',    '8A /r',           [k.r8,   k.rm8],      mov),
  form('MOVB',    'B0+r ib',         [k.r8,   k.imm8],     mov),
  form('MOVB',    'C6 /0 ib',        [k.rm8,  k.imm8],     mov),
  form('MOVW',    '66 89 /r',        [k.rm16, k.r16],      mov),
  form('MOVW',    '66 8B /r',        [k.r16,  k.rm16],     mov),
  form('MOVW',    '66 B8+r iw',      [k.r16,  k.imm16],    mov),
  form('MOVW',    '66 C7 /0 iw',     [k.rm16, k.imm16],    mov),
  form('MOVL',    '89 /r',           [k.rm32, k.r32],      mov),
  form('MOVL',    '8B /r',           [k.r32,  k.rm32],     mov),
  form('MOVL',    'B8+r id',         [k.r32,  k.imm32],    mov),
  form('MOVL',    'C7 /0 id',        [k.rm32, k.imm32],    mov),
  form('MOVQ',    'REX.W 89 /r',     [k.rm64, k.r64],      mov),
  form('MOVQ',    'REX.W 8B /r',     [k.r64,  k.rm64],     mov),
  form('MOVQ',    'REX.W C7 /0 id',  [k.rm64, k.imm32s64], mov),
  form('MOVQ',    'B8+r id',         [k.r64,  k.uimm32],   mov),
  form('MOVQ',    'REX.W B8+r io',   [k.r64,  k.imm64],    mov),

  // The accumulator and an absolute address of eight bytes.
  form('MOVB',    'A0',              [k.AL,      k.moffs8],  mov, go),
  form('MOVW',    '66 A1',           [k.AX,      k.moffs16], mov, go),
  form('MOVL',    'A1',              [k.EAX,     k.moffs32], mov, go),
  form('MOVQ',    'REX.W A1',        [k.RAX,     k.moffs64], mov, go),
  form('MOVB',    'A2',              [k.moffs8,  k.AL],      mov, go),
  form('MOVW',    '66 A3',           [k.moffs16, k.AX],      mov, go),
  form('MOVL',    'A3',              [k.moffs32, k.EAX],     mov, go),
  form('MOVQ',    'REX.W A3',        [k.moffs64, k.RAX],     mov, go),

  form('MOVBWZX', '66 0F B6 /r',     [k.r16,  k.rm8],      mov),
  form('MOVBLZX', '0F B6 /r',        [k.r32,  k.rm8],      mov),
  form('MOVBQZX', 'REX.W 0F B6 /r',  [k.r64,  k.rm8],      mov),
  form('MOVWLZX', '0F B7 /r',        [k.r32,  k.rm16],     mov),
  form('MOVWQZX', 'REX.W 0F B7 /r',  [k.r64,  k.rm16],     mov),
  form('MOVLQZX', '8B /r',           [k.r64,  k.rm32],     mov),
  form('MOVBWSX', '66 0F BE /r',     [k.r16,  k.rm8],      movsx),
  form('MOVBLSX', '0F BE /r',        [k.r32,  k.rm8],      movsx),
  form('MOVBQSX', 'REX.W 0F BE /r',  [k.r64,  k.rm8],      movsx),
  form('MOVWLSX', '0F BF /r',        [k.r32,  k.rm16],     movsx),
  form('MOVWQSX', 'REX.W 0F BF /r',  [k.r64,  k.rm16],     movsx),
  form('MOVLQSX', 'REX.W 63 /r',     [k.r64,  k.rm32],     movsx),

  // MOVSXD without REX.W is a plain move.
  form('MOVL',    '63 /r',           [k.r32,  k.rm32],     mov, go),
  form('MOVW',    '66 63 /r',        [k.r16,  k.rm16],     mov, go),
  // A widening from 16 bits to 16 is one too.
  form('MOVZWW',  '66 0F B7 /r',     [k.r16,  k.rm16],     mov, go),
  form('MOVSWW',  '66 0F BF /r',     [k.r16,  k.rm16],     mov, go),

  // Stores that ask the caches not to keep them.
  form('MOVNTIL', 'NP 0F C3 /r',       [k.m32, k.r32],     mov),
  form('MOVNTIQ', 'NP REX.W 0F C3 /r', [k.m64, k.r64],     mov),


  form('LEAW',    '66 8D /r',        [k.r16,  k.m16],      lea),
  form('LEAL',    '8D /r',           [k.r32,  k.m32],      lea),
  form('LEAQ',    'REX.W 8D /r',     [k.r64,  k.m64],      lea),
  // Undefined in the manual; processors clear the register.
  form('BSWAPW',  '66 0F C8+r',      [k.r16],              (o, dst: Place) => o.put(dst, o.const(0n)), go),
  form('BSWAPL',  '0F C8+r',         [k.r32],              bswap),
  form('BSWAPQ',  'REX.W 0F C8+r',   [k.r64],              bswap),

  form('XCHGB',   '86 /r',           [k.rm8,  k.r8],       xchg, lock),
  form('XCHGB',   '86 /r',           [k.r8,   k.rm8],      xchg, lock),
  form('XCHGW',   '66 90+r',         [k.r16,  k.AX],       xchg),
  form('XCHGW',   '66 90+r',         [k.AX,   k.r16],      xchg),
  form('XCHGW',   '66 87 /r',        [k.rm16, k.r16],      xchg, lock),
  form('XCHGW',   '66 87 /r',        [k.r16,  k.rm16],     xchg, lock),
  form('XCHGL',   '90+r',            [k.r32,  k.EAX],      xchg),
  form('XCHGL',   '90+r',            [k.EAX,  k.r32],      xchg),
  form('XCHGL',   '87 /r',           [k.rm32, k.r32],      xchg, lock),
  form('XCHGL',   '87 /r',           [k.r32,  k.rm32],     xchg, lock),
  form('XCHGQ',   'REX.W 90+r',      [k.r64,  k.RAX],      xchg),
  form('XCHGQ',   'REX.W 90+r',      [k.RAX,  k.r64],      xchg),
  form('XCHGQ',   'REX.W 87 /r',     [k.rm64, k.r64],      xchg, lock),
  form('XCHGQ',   'REX.W 87 /r',     [k.r64,  k.rm64],     xchg, lock),
  form('XADDB',   '0F C0 /r',        [k.rm8,  k.r8],       xadd, lock),
  form('XADDW',   '66 0F C1 /r',     [k.rm16, k.r16],      xadd, lock),
  form('XADDL',   '0F C1 /r',        [k.rm32, k.r32],      xadd, lock),
  form('XADDQ',   'REX.W 0F C1 /r',  [k.rm64, k.r64],      xadd, lock),
  form('CMPXCHGB','0F B0 /r',        [k.rm8,  k.r8],       cmpxchg, lock),
  form('CMPXCHGW','66 0F B1 /r',     [k.rm16, k.r16],      cmpxchg, lock),
  form('CMPXCHGL','0F B1 /r',        [k.rm32, k.r32],      cmpxchg, lock),
  form('CMPXCHGQ','REX.W 0F B1 /r',  [k.rm64, k.r64],      cmpxchg, lock),

  form('CMPXCHG8B',  '0F C7 /1',       [k.m64],          cmpxchgPair(32), lock),
  form('CMPXCHG16B', 'REX.W 0F C7 /1', [k.m128],         cmpxchgPair(64), { lock: true, modifies: false, feature: 'CMPXCHG16B' }),
  ...requires('MOVBE', [
    form('MOVBEW', '66 0F 38 F0 /r',     [k.r16, k.m16],   movbe),
    form('MOVBEW', '66 0F 38 F1 /r',     [k.m16, k.r16],   movbe),
    form('MOVBEL', '0F 38 F0 /r',        [k.r32, k.m32],   movbe),
    form('MOVBEL', '0F 38 F1 /r',        [k.m32, k.r32],   movbe),
    form('MOVBEQ', 'REX.W 0F 38 F0 /r',  [k.r64, k.m64],   movbe),
    form('MOVBEQ', 'REX.W 0F 38 F1 /r',  [k.m64, k.r64],   movbe),
  ]),

  form('CBW',     '66 98',           [],                   widen(8, 16)),
  form('CWDE',    '98',              [],                   widen(16, 32)),
  form('CDQE',    'REX.W 98',        [],                   widen(32, 64)),
  form('CWD',     '66 99',           [],                   spread(16)),
  form('CDQ',     '99',              [],                   spread(32)),
  form('CQO',     'REX.W 99',        [],                   spread(64)),

  ...conditions.flatMap(({ name, code, holds }) => {
    // A 32-bit CMOV clears the upper half even when it does not move.
    const cmov: Meaning = (o, dst: Place, src: Place) => o.put(dst, o.select(holds(o), o.get(src), o.get(dst)));
    const opcode = `0F 4${code.toString(16).toUpperCase()} /r`;
    return [
      form(`CMOVW${name}`, `66 ${opcode}`,    [k.r16, k.rm16], cmov),
      form(`CMOVL${name}`, opcode,            [k.r32, k.rm32], cmov),
      form(`CMOVQ${name}`, `REX.W ${opcode}`, [k.r64, k.rm64], cmov),
    ];
  }),
];
