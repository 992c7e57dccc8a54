/** The instructions that run one after the other from an address on: up to the first that may go elsewhere. */
import { decode, type Features } from '../decode/decode.ts';
import type { Instruction } from '../decode/instruction.ts';
import type { Form } from '../isa/form.ts';
import { Trap } from '../mem/fault.ts';
import type { Memory } from '../mem/memory.ts';

const MAX_LENGTH = 15;
/** Beside the branches with a displacement. */
const indirect = new Set(['JMP', 'CALL', 'RET']);
const system = new Set(['SYSCALL', 'SYSENTER', 'INT', 'INT3', 'ICEBP', 'UD0', 'UD1', 'UD2', 'HLT']);

/** May the next instruction to run be another than the following one? */
export const leavesLine = ({ name, operands }: Form): boolean =>
  indirect.has(name) || operands.some((k) => k.slot === 'rel');

/** Does it stop the machine, one way or another? */
export const stopsMachine = ({ name }: Form): boolean => system.has(name);

/** The instruction at `address`, or undefined where none can be fetched or decoded. */
export function instructionAt(mem: Memory, address: bigint, features?: Features): Instruction | undefined {
  try {
    const insn = decode(mem.fetch(address, MAX_LENGTH), address, features);
    return insn === 'short' ? undefined : insn;
  } catch (e) {
    if (e instanceof Trap) return undefined;
    throw e;
  }
}

/**
 * At most `max` instructions, the last of which may be a branch. Ends before the first that `accepts` refuses, and before
 * anything that cannot be fetched or decoded: that may be at once.
 */
export function straightLine(
  mem: Memory,
  address: bigint,
  max: number,
  accepts: (insn: Instruction) => boolean,
  features?: Features,
): Instruction[] {
  const line: Instruction[] = [];
  for (let at = address; line.length < max; at += BigInt(line.at(-1)!.length)) {
    const insn = instructionAt(mem, at, features);
    if (!insn || !accepts(insn)) break;
    line.push(insn);
    if (leavesLine(insn.form)) break;
  }
  return line;
}
