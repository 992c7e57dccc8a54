/**
 * Jumps, calls, returns, conditions as bytes, and the stack. SDM vol. 1, 5.1.1 and 5.1.7.
 *
 * 66 before a near branch is ignored, as on Intel's processors; AMD's cut RIP to 16 bits.
 */
import { conditions } from '../condition.ts';
import { type Form, form } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops, Width } from '../ops.ts';
import { gpr, type Place } from '../place.ts';
import { at, BP, pop, push, SP } from '../stack.ts';

// PUSH SP stores the old value; POP SP keeps the popped one; POP m computes its address after RSP has moved.
const pushOperand: Meaning = (o, src: Place) => push(o, o.get(src), src.w === 16 ? 16 : 64);
const popOperand: Meaning = (o, dst: Place) => {
  const v = pop(o, dst.w);
  if (dst.in === 'mem' && dst.base === SP.n) o.put({ ...dst, disp: dst.disp + BigInt(dst.w / 8) }, v);
  else o.put(dst, v);
};
const pushf =
  (w: Width): Meaning =>
  (o) =>
    push(o, o.narrow(o.flags(), w), w);
// The 16-bit form leaves the upper flags alone.
const popf =
  (w: Width): Meaning =>
  (o) => {
    const v = pop(o, w);
    o.setFlags(w === 64 ? v : o.or(o.and(o.flags(), o.const(0xffff_0000n)), v));
  };
const leave =
  (w: Width): Meaning =>
  (o) => {
    o.put(gpr(BP.n, w), o.get(at(BP, 0n, w)));
    o.put(SP, o.add(o.get(BP), o.const(BigInt(w / 8)), 64));
  };

const jump: Meaning = (o, target: Place) => o.jump(o.get(target));
const call: Meaning = (o, target: Place) => {
  const to = o.let(o.get(target));
  push(o, o.next(), 64);
  o.jump(to);
};
const ret: Meaning = (o) => o.jump(pop(o, 64));
const retPop: Meaning = (o, bytes: Place) => o.jump(pop(o, 64, bytes.in === 'imm' ? bytes.value : 0n));

/** JRCXZ and the LOOPs count in RCX, or in ECX behind an address-size prefix, and leave the flags alone. */
const jrcxz: Meaning = (o, target: Place, count: Place) => o.when(o.isZero(o.get(count)), () => o.jump(o.get(target)));
const loop =
  (zf: 0n | 1n | undefined): Meaning =>
  (o, target: Place, count: Place) => {
    const left = o.let(o.sub(o.get(count), o.const(1n), count.w));
    o.put(count, left);
    const more = o.isZero(o.isZero(left));
    const go = zf === undefined ? more : o.and(more, o.isZero(o.xor(o.flag('ZF'), o.const(zf))));
    o.when(go, () => o.jump(o.get(target)));
  };

/**
 * A frame of `size` bytes below a saved RBP and, for nested procedures, `level` − 1 frame pointers copied from the frame
 * above (SDM vol. 2, ENTER).
 */
const enter =
  (w: Width): Meaning =>
  (o, size: Place, level: Place) => {
    const bytes = BigInt(w / 8);
    const depth = level.in === 'imm' ? level.value & 31n : 0n;
    const frame = o.let(o.sub(o.get(SP), o.const(bytes), 64));
    o.put(at(SP, -bytes, w), o.get(gpr(BP.n, w)));
    for (let i = 1n; i < depth; i++) o.put(at(SP, -bytes * (i + 1n), w), o.get(at(BP, -bytes * i, w)));
    if (depth > 0n) o.put(at(SP, -bytes * (depth + 1n), w), o.narrow(frame, w));
    o.put(gpr(BP.n, w), o.narrow(frame, w));
    const copied = depth > 0n ? bytes * depth : 0n;
    const top = o.let(o.sub(frame, o.add(o.get(size), o.const(copied), 64), 64));
    // The new top of the stack must be writable.
    o.checkStore(top, w);
    o.put(SP, top);
  };

/** The selector of 64-bit user code, as Linux has it. */
const CODE_SELECTOR = 0x33n;
const STACK_SELECTOR = 0x2bn;
/** What is found must be the selector that is loaded already: the others there are hold 32-bit code. */
function sameSegment<V>(o: Ops<V>, found: V, selector: bigint): void {
  o.when(o.isZero(o.isZero(o.xor(found, o.const(selector)))), () =>
    o.raise('protection', `a selector other than 0x${selector.toString(16)}: only 64-bit code can be run`),
  );
}
/** RIP, then CS, each in `w` bits of the stack. */
const returnFar =
  (w: Width): Meaning =>
  (o, bytes?: Place) => {
    const size = BigInt(w / 8);
    // The selector is read first, and judged when both are there.
    const selector = o.let(o.get(at(SP, size, 16)));
    const target = o.let(o.get(at(SP, 0n, w)));
    sameSegment(o, selector, CODE_SELECTOR);
    o.put(SP, o.add(o.get(SP), o.const(2n * size + (bytes?.in === 'imm' ? bytes.value : 0n)), 64));
    o.jump(target);
  };
/** RIP, CS, RFLAGS, RSP, SS. Of the flags in 16 bits the upper half stays. */
const returnFromInterrupt =
  (w: Width): Meaning =>
  (o) => {
    const size = BigInt(w / 8);
    const [target, flags, sp] = [0n, 2n, 3n].map((n) => o.let(o.get(at(SP, n * size, w))));
    sameSegment(o, o.get(at(SP, size, 16)), CODE_SELECTOR);
    sameSegment(o, o.get(at(SP, 4n * size, 16)), STACK_SELECTOR);
    o.setFlags(w === 16 ? o.or(o.and(o.flags(), o.const(0xffff_0000n)), flags!) : flags!);
    o.put(SP, sp!);
    o.jump(target!);
  };
/** Offset, then selector, in memory: of 16 or 32 bits as AMD has it, which takes no 64-bit offsets. */
const far =
  (w: Width, call: boolean): Meaning =>
  (o, pointer: Place) => {
    if (pointer.in !== 'mem') return;
    const where = o.let(o.linear(pointer));
    const target = o.let(o.load(where, w));
    sameSegment(o, o.load(o.add(where, o.const(BigInt(w / 8)), 64), 16), CODE_SELECTOR);
    if (call) {
      const size = BigInt(w / 8);
      o.put(at(SP, -size, w), o.const(CODE_SELECTOR));
      o.put(at(SP, -2n * size, w), o.narrow(o.next(), w));
      o.put(SP, o.sub(o.get(SP), o.const(2n * size), 64));
    }
    o.jump(target);
  };

const counted = { hidden: [k.counter] } as const;

// biome-ignore format: table
export const branch: readonly Form[] = [
  form('JMP',    'EB cb',      [k.rel8],     jump),
  form('JMP',    'E9 cd',      [k.rel32],    jump),
  form('JMP',    'FF /4',      [k.rm64],     jump),
  form('CALL',   'E8 cd',      [k.rel32],    call),
  form('CALL',   'FF /2',      [k.rm64],     call),
  form('RET',    'C3',         [],           ret),
  form('RET',    'C2 iw',      [k.uimm16],   retPop),
  form('JCXZQ',  'E3 cb',      [k.rel8],     jrcxz, counted),
  form('LOOPNE', 'E0 cb',      [k.rel8],     loop(0n), counted),
  form('LOOPEQ', 'E1 cb',      [k.rel8],     loop(1n), counted),
  form('LOOP',   'E2 cb',      [k.rel8],     loop(undefined), counted),

  // Returns and branches through a selector: for 64-bit user code there is one to go to, its own.
  form('RETFW',  '66 CA iw',    [k.any16] ,  returnFar(16)),
  form('RETFW',  '66 CB',       [],          returnFar(16)),
  form('RETFL',  'CA iw',       [k.any16] ,  returnFar(32)),
  form('RETFL',  'CB',          [],          returnFar(32)),
  form('RETFQ',  'REX.W CA iw', [k.any16] ,  returnFar(64)),
  form('RETFQ',  'REX.W CB',    [],          returnFar(64)),
  form('IRETW',  '66 CF',       [],          returnFromInterrupt(16)),
  form('IRETL',  'CF',          [],          returnFromInterrupt(32)),
  form('IRETQ',  'REX.W CF',    [],          returnFromInterrupt(64)),
  form('CALL',   '66 FF /3',    [k.mem],     far(16, true),  { decodeOnly: true }),
  form('CALL',   'FF /3',       [k.mem],     far(32, true),  { decodeOnly: true }),
  form('JMP',    '66 FF /5',    [k.mem],     far(16, false), { decodeOnly: true }),
  form('JMP',    'FF /5',       [k.mem],     far(32, false), { decodeOnly: true }),

  ...conditions.flatMap(({ name, code, holds }) => {
    const digit = code.toString(16).toUpperCase();
    const jcc: Meaning = (o, target: Place) => o.when(holds(o), () => o.jump(o.get(target)));
    const setcc: Meaning = (o, dst: Place) => o.put(dst, holds(o));
    return [
      form(`J${name}`,   `7${digit} cb`,    [k.rel8],  jcc),
      form(`J${name}`,   `0F 8${digit} cd`, [k.rel32], jcc),
      form(`SET${name}`, `0F 9${digit} /0`, [k.rm8],   setcc),
      // ModRM.reg does not matter.
      ...[1, 2, 3, 4, 5, 6, 7].map((n) => form(`SET${name}`, `0F 9${digit} /${n}`, [k.rm8], setcc, { decodeOnly: true })),
    ];
  }),

  form('PUSHQ',  '50+r',       [k.r64],      pushOperand),
  form('PUSHQ',  'FF /6',      [k.rm64],     pushOperand),
  form('PUSHQ',  '6A ib',      [k.imm8s64],  pushOperand),
  form('PUSHQ',  '68 id',      [k.bits32s64], pushOperand),
  form('PUSHW',  '66 6A ib',   [k.imm8s16],  pushOperand),
  form('PUSHW',  '66 68 iw',   [k.imm16],    pushOperand),
  form('PUSHW',  '66 50+r',    [k.r16],      pushOperand),
  form('PUSHW',  '66 FF /6',   [k.rm16],     pushOperand),
  form('POPQ',   '58+r',       [k.r64],      popOperand),
  form('POPQ',   '8F /0',      [k.rm64],     popOperand),
  form('POPW',   '66 58+r',    [k.r16],      popOperand),
  form('POPW',   '66 8F /0',   [k.rm16],     popOperand),
  form('PUSHFQ', '9C',         [],           pushf(64)),
  form('PUSHFW', '66 9C',      [],           pushf(16)),
  form('POPFQ',  '9D',         [],           popf(64)),
  form('POPFW',  '66 9D',      [],           popf(16)),
  form('ENTER',  'C8 iw ib',   [k.uimm16, k.uimm8], enter(64), { decodeOnly: true }),
  form('ENTER',  '66 C8 iw ib', [k.uimm16, k.uimm8], enter(16), { decodeOnly: true }),
  form('LEAVEQ', 'C9',         [],           leave(64)),
  form('LEAVEW', '66 C9',      [],           leave(16)),
];
