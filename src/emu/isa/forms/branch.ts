/** Jumps, calls, returns, conditions as bytes, and the stack. SDM vol. 1, 5.1.1 and 5.1.7. */
import { conditions } from '../condition.ts';
import { type Form, form } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops, Width } from '../ops.ts';
import { gpr, type Place } from '../place.ts';

const SP = gpr(4, 64);
const BP = gpr(5, 64);

/** Memory at RSP or RBP plus `disp`: a non-canonical address there is #SS, not #GP. */
const at = (base: Place & { in: 'gpr' }, disp: bigint, w: Width): Place => ({
  in: 'mem',
  w,
  segment: undefined,
  base: base.n,
  index: undefined,
  vectorIndex: false,
  scale: 1,
  disp,
  short: false,
  ripRelative: false,
});

function push<V>(o: Ops<V>, v: V, w: Width): void {
  const size = BigInt(w / 8);
  o.put(at(SP, -size, w), v);
  o.put(SP, o.sub(o.get(SP), o.const(size), 64));
}

/** Returns the value above; RSP moves by its size plus `extra` bytes. */
function pop<V>(o: Ops<V>, w: Width, extra = 0n): V {
  const v = o.let(o.get(at(SP, 0n, w)));
  o.put(SP, o.add(o.get(SP), o.const(BigInt(w / 8) + extra), 64));
  return v;
}

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

/** JRCXZ and the LOOPs count in RCX and leave the flags alone. */
const jrcxz: Meaning = (o, target: Place) => o.when(o.isZero(o.get(gpr(1, 64))), () => o.jump(o.get(target)));
const loop =
  (zf: 0n | 1n | undefined): Meaning =>
  (o, target: Place) => {
    const left = o.let(o.sub(o.get(gpr(1, 64)), o.const(1n), 64));
    o.put(gpr(1, 64), left);
    const more = o.isZero(o.isZero(left));
    const go = zf === undefined ? more : o.and(more, o.isZero(o.xor(o.flag('ZF'), o.const(zf))));
    o.when(go, () => o.jump(o.get(target)));
  };

const implicit = { implicit: true } as const;

// biome-ignore format: table
export const branch: readonly Form[] = [
  form('JMP',    'EB cb',      [k.rel8],     jump),
  form('JMP',    'E9 cd',      [k.rel32],    jump),
  form('JMP',    'FF /4',      [k.rm64],     jump),
  form('CALL',   'E8 cd',      [k.rel32],    call),
  form('CALL',   'FF /2',      [k.rm64],     call),
  form('RET',    'C3',         [],           ret),
  form('RET',    'C2 iw',      [k.uimm16],   retPop),
  form('JCXZQ',  'E3 cb',      [k.rel8],     jrcxz, implicit),
  form('LOOPNE', 'E0 cb',      [k.rel8],     loop(0n), implicit),
  form('LOOPEQ', 'E1 cb',      [k.rel8],     loop(1n), implicit),
  form('LOOP',   'E2 cb',      [k.rel8],     loop(undefined), implicit),

  ...conditions.flatMap(({ name, code, holds }) => {
    const digit = code.toString(16).toUpperCase();
    const jcc: Meaning = (o, target: Place) => o.when(holds(o), () => o.jump(o.get(target)));
    const setcc: Meaning = (o, dst: Place) => o.put(dst, holds(o));
    return [
      form(`J${name}`,   `7${digit} cb`,    [k.rel8],  jcc),
      form(`J${name}`,   `0F 8${digit} cd`, [k.rel32], jcc),
      form(`SET${name}`, `0F 9${digit} /0`, [k.rm8],   setcc),
    ];
  }),

  form('PUSHQ',  '50+r',       [k.r64],      pushOperand),
  form('PUSHQ',  'FF /6',      [k.rm64],     pushOperand),
  form('PUSHQ',  '6A ib',      [k.imm8s64],  pushOperand),
  form('PUSHQ',  '68 id',      [k.imm32s64], pushOperand),
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
  form('LEAVEQ', 'C9',         [],           leave(64)),
  form('LEAVEW', '66 C9',      [],           leave(16)),
];
