/** Every RET takes the return address that its CALL left, from the very slot it left it in. */
import { R } from '../cpu/layout.ts';
import type { Instruction } from '../decode/instruction.ts';
import { print } from '../decode/print.ts';
import type { Step, Store } from '../engine/engine.ts';
import type { Checker, Finding } from './checker.ts';

interface Call {
  /** Where the return address lies. */
  slot: bigint;
  readonly returnTo: bigint;
  /** The instruction that moved RSP away from where it should be by now, until it is back. */
  adrift: Instruction | undefined;
  /** The instruction that stored over the return address. */
  overwritten: Instruction | undefined;
}

export const balancedReturn: Checker = {
  name: 'rsp-restored',
  because: 'a function must leave RSP as it found it: RET takes whatever lies at RSP for the return address',
  start: ({ machine, provenance, where }) => {
    /** Open calls, innermost last. Stacks are switched under them, so they are found by slot, not popped. */
    const open: Call[] = [];

    const entered = (slot: bigint, returnTo: bigint): void => {
      open.push({ slot, returnTo, adrift: undefined, overwritten: undefined });
    };
    const overwritten = (w: Store, insn: Instruction): void => {
      const hit = open.findLast((c) => w.address < c.slot + 8n && w.address + BigInt(w.size) > c.slot);
      if (hit) hit.overwritten = insn;
    };
    const moved = (from: bigint, size: bigint, delta: bigint): void => {
      for (const c of open) if (c.slot >= from && c.slot < from + size) c.slot += delta;
    };
    const left = (slot: bigint): void => {
      const i = open.findLastIndex((c) => c.slot === slot);
      if (i >= 0) open.splice(i, 1);
    };
    /** Note the first instruction after which RSP is not where the assembler's table has it. */
    const drift = (rsp: bigint, { insn, next }: Step): void => {
      const call = open.at(-1);
      const depth = machine.symbols.depthAt(next);
      if (!call || depth === undefined) return;
      call.adrift = call.slot - BigInt(depth) === rsp ? undefined : (call.adrift ?? insn);
    };

    const text = (i: Instruction): string => `${print(i, machine.symbols.nameOf)} at ${where(i.address)}`;
    const stray = (pc: bigint, slot: bigint, took: bigint): Omit<Finding, 'check'> => {
      const message = `RET took 0x${took.toString(16)} at 0x${slot.toString(16)} for its return address`;
      const own = open.at(-1);
      const found = { pc, at: where(pc) };
      if (!own) return { ...found, message, cause: provenance.of(R.sp) };
      if (slot === own.slot) {
        const cause = own.overwritten && `it was overwritten by ${text(own.overwritten)}`;
        return { ...found, message: `${message}; its own, 0x${own.returnTo.toString(16)}, is no longer there`, cause };
      }
      const [here, there] = [machine.stackAt(slot), machine.stackAt(own.slot)];
      // Across stacks a distance says nothing, and neither does the table of a function that switches them.
      if (here !== there) {
        return {
          ...found,
          message: `${message}; its own is on the ${there}, not the ${here || 'same'}`,
          cause: provenance.of(R.sp),
        };
      }
      const cause = own.adrift ? `RSP left its place with ${text(own.adrift)}` : provenance.of(R.sp);
      return {
        ...found,
        message: `${message}; its own is at 0x${own.slot.toString(16)}, ${distance(slot - own.slot)}`,
        cause,
      };
    };
    const isOwn = (slot: bigint, took: bigint): boolean => open.findLast((c) => c.slot === slot)?.returnTo === took;

    return (e) => {
      if (e.kind === 'moved') moved(e.from, e.size, e.delta);
      if (e.kind === 'call') entered(e.slot, e.returnTo);
      // Host functions return without a RET.
      if (e.kind === 'leave') left(e.rsp);
      if (e.kind === 'end') return faultingReturn();
      if (e.kind !== 'insn') return undefined;
      const { insn, next, stores } = e.step;
      const { name } = insn.form;
      if (name !== 'CALL') for (const w of stores) overwritten(w, insn);
      if (name === 'CALL') entered(e.rsp, stores[0]!.value);
      else if (name !== 'RET') drift(e.rsp, e.step);
      else {
        const [n] = insn.operands;
        const extra = n?.in === 'imm' ? n.value : 0n;
        const slot = e.rsp - 8n - extra;
        if (!isOwn(slot, next)) return stray(insn.address, slot, next);
        left(slot);
        if (extra) {
          const message = `RET $${extra} leaves RSP ${extra} bytes above where its caller had it`;
          return { message, pc: insn.address, at: where(insn.address), cause: undefined };
        }
      }
      return undefined;
    };

    /** A RET to an address that no CPU accepts does not retire: the run ends on it. */
    function faultingReturn(): Omit<Finding, 'check'> | undefined {
      const { cpu, mem } = machine;
      const slot = cpu.gpr(R.sp);
      const atRet = mem.allows(cpu.rip, 1n, 'execute') && RET.has(Number(mem.peek(cpu.rip, 1)));
      if (!atRet || !mem.allows(slot, 8n, 'read') || isOwn(slot, mem.peek(slot, 8))) return undefined;
      return stray(cpu.rip, slot, mem.peek(slot, 8));
    }
  },
};

/** Opcodes of the two near returns. */
const RET = new Set([0xc3, 0xc2]);

const distance = (by: bigint): string => (by > 0n ? `${by} bytes below` : `${-by} bytes above`);
