/** Every RET takes the return address that its CALL left, from the very slot it left it in. */
import { R } from '../cpu/layout.ts';
import { print } from '../decode/print.ts';
import type { Checker } from './checker.ts';

interface Call {
  readonly returnTo: bigint;
  readonly callee: bigint;
}

export const balancedReturn: Checker = {
  name: 'rsp-restored',
  because: 'a function must leave RSP as it found it: RET takes whatever lies at RSP for the return address',
  start: ({ machine, provenance, where }) => {
    /** Return addresses by the stack slot they were pushed to. */
    const calls = new Map<bigint, Call>();
    /** The innermost calls, newest last, for naming the slot a stray RET should have used. */
    const open: bigint[] = [];
    /** The first instruction after which RSP was not where the assembler's table has it, and is not yet again. */
    let adrift: { text: string; by: bigint } | undefined;

    const entered = (slot: bigint, call: Call): void => {
      calls.set(slot, call);
      open.push(slot);
      adrift = undefined;
    };
    const drift = (rsp: bigint, text: string): void => {
      const slot = open.at(-1);
      const depth = machine.symbols.depthAt(machine.cpu.rip);
      if (slot === undefined || depth === undefined) return;
      const off = slot - BigInt(depth) - rsp;
      adrift = off === 0n ? undefined : (adrift ?? { text, by: off });
    };

    return (e) => {
      if (e.kind === 'call') entered(e.slot, { returnTo: e.returnTo, callee: e.to });
      if (e.kind === 'return') forget(e.slot);
      if (e.kind !== 'insn') return undefined;
      const { insn, stores } = e.step;
      const { name } = insn.form;
      if (name === 'CALL') {
        entered(e.rsp, { returnTo: stores[0]!.value, callee: machine.cpu.rip });
        return undefined;
      }
      if (name !== 'RET') {
        drift(e.rsp, `${print(insn, machine.symbols.nameOf)} at ${where(insn.address)}`);
        return undefined;
      }
      const slot = e.rsp - 8n;
      const call = calls.get(slot);
      if (call && call.returnTo === machine.cpu.rip) {
        forget(slot);
        return undefined;
      }
      const expected = open.at(-1);
      const off =
        expected === undefined
          ? ''
          : `; the return address is at 0x${expected.toString(16)}, ${distance(slot - expected)}`;
      return {
        message: `RET took 0x${machine.cpu.rip.toString(16)} from 0x${slot.toString(16)} for its return address${off}`,
        pc: insn.address,
        at: where(insn.address),
        cause: adrift ? `RSP left its place with ${adrift.text}` : provenance.of(R.sp),
      };
    };

    function forget(slot: bigint): void {
      calls.delete(slot);
      const i = open.lastIndexOf(slot);
      if (i >= 0) open.splice(i, 1);
      adrift = undefined;
    }
  },
};

const distance = (by: bigint): string => (by > 0n ? `${by} bytes below` : `${-by} bytes above`);
