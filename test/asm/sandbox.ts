/** What adding.test.ts bundles with a chapter of its own: assembler, disassembler and engines in one. */
import { assemble } from '#asm/assemble.ts';
import type { ObjectFile } from '#asm/object.ts';
import { R } from '#emu/cpu/layout.ts';
import { decode } from '#emu/decode/decode.ts';
import { print } from '#emu/decode/print.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { jit } from '#emu/engine/jit/jit.ts';
import { bare } from '../emu/engine/bare.ts';
import { CODE, DATA } from '../witness/silicon.ts';

export const assembleText = (text: string): ObjectFile =>
  assemble('a.s', { read: (p) => (p === 'a.s' ? text : undefined) }, { includeDirs: [], defines: {} });

export function disassemble(bytes: Uint8Array): string | undefined {
  const insn = decode(bytes, 0n);
  return insn && insn !== 'short' ? print(insn) : undefined;
}

/** Calls a function of (pointer, number); what it leaves in memory, and which flags it changes. */
export function execute(engine: 'interp' | 'jit', code: Uint8Array, given: { value: bigint; by: bigint }) {
  const parts = bare();
  const { cpu, mem } = parts;
  mem.pokeBytes(CODE, code);
  mem.poke(DATA, 8, given.value);
  cpu.rip = CODE;
  cpu.setGpr(R.sp, DATA + 0x100n);
  mem.poke(DATA + 0x108n, 8, DATA);
  mem.poke(DATA + 0x110n, 8, given.by);
  const flags = cpu.rflags;
  // To the fault at address 0, where RET goes. The translator is told to translate at once.
  (engine === 'interp' ? new Interpreter(parts) : jit({ warm: 1, few: 1 })(parts)).run(1000);
  return { value: mem.peek(DATA, 8), flagsChanged: cpu.rflags ^ flags };
}
