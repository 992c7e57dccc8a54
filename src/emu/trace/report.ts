/** A stop, explained: what happened, where, with which registers, how it got there, and what to try. */
import { GPR } from '../cpu/layout.ts';
import { decode } from '../decode/decode.ts';
import { goRegister, print } from '../decode/print.ts';
import type { Machine } from '../machine.ts';
import { PROT } from '../mem/layout.ts';
import { endingText } from './ending.ts';
import type { Ending } from './event.ts';
import { baseName, hex, hexBytes } from './text.ts';

const MAX_FRAMES = 16;

export function stopReport(machine: Machine, ending: Ending): string {
  const { cpu } = machine;
  const pc = ending.kind === 'signal' && ending.signal === 'SIGTRAP' ? trapAt(machine) : cpu.rip;
  const insn = instructionAt(machine, pc);
  const lines = [endingText(ending), `  at ${place(machine, pc)}`];
  if (insn) lines.push(`     ${insn}`);
  lines.push('', ...registers(machine), '', '  backtrace');
  backtrace(machine).forEach(({ pc, sp }, i) =>
    lines.push(`    ${i}  ${place(machine, pc, i > 0).padEnd(52)}  RSP=${hex(sp)}`),
  );
  lines.push('', `  try: ${ranPast(machine, ending) ?? overflowed(machine, ending) ?? advice(ending)}`);
  return lines.join('\n');
}

/** The instruction at `pc`; none in a gate, which holds no code of anybody's. */
export function instructionAt({ mem, symbols, gates }: Machine, pc: bigint): string | undefined {
  const region = mem.find(pc);
  if (!region || !(region.prot & PROT.exec) || gates.contains(pc)) return undefined;
  const insn = decode(mem.peekBytes(pc, 15), pc);
  return insn && insn !== 'short' ? `${hexBytes(insn.bytes)}   ${print(insn, symbols.nameOf)}` : undefined;
}

/** A breakpoint leaves RIP behind itself: behind CC, or CD 03. */
export function trapAt({ cpu, mem }: Machine): bigint {
  return mem.peek(cpu.rip - 2n, 2) === 0x03cdn ? cpu.rip - 2n : cpu.rip - 1n;
}

/** The padding between functions is INT3: whoever runs into it has come from above. */
function ranPast({ cpu, symbols }: Machine, ending: Ending): string | undefined {
  if (ending.kind !== 'signal' || ending.signal !== 'SIGTRAP' || symbols.at(cpu.rip - 1n)) return undefined;
  const before = symbols.all.findLast((s) => s.address < cpu.rip);
  return before && `execution ran past the end of ${before.name}: a RET or JMP is missing there`;
}

/** A fault a little below a stack is that stack's overflow. */
function overflowed({ mem }: Machine, ending: Ending): string | undefined {
  const fault = ending.kind === 'signal' ? ending.fault : undefined;
  if (fault?.kind !== 'page') return undefined;
  const stack = mem.regions.find((r) => r.start > fault.address && r.name.includes('stack'));
  if (!stack || stack.start - fault.address > REACH) return undefined;
  return `the ${stack.name} has overflowed: look for a recursion, or a frame larger than it`;
}
/** As far as one frame may reach beyond. */
const REACH = 0x1_0000n;

/** `isReturn`: the line is that of the call before it. */
function place({ symbols, mem }: Machine, pc: bigint, isReturn = false): string {
  const line = symbols.lineOf(isReturn ? pc - 1n : pc);
  const name =
    symbols.nameOf(pc) ?? `${hex(pc)}${mem.find(pc) ? ` in ${mem.find(pc)!.name}` : ', where nothing is mapped'}`;
  return line ? `${name} (${baseName(line.file)}:${line.line})` : name;
}

function registers({ cpu, symbols, mem }: Machine): string[] {
  const cell = (n: number): string => `${goRegister(n).padStart(4)} ${hex(cpu.gpr(n)).padEnd(19)}`;
  const rows = [0, 4, 8, 12].map((first) => `  ${[0, 1, 2, 3].map((i) => cell(first + i)).join('')}`.trimEnd());
  const flags = `0x${cpu.rflags.toString(16)}`;
  const known = GPR.flatMap((_, n) => {
    const v = cpu.gpr(n);
    const what = symbols.nameOf(v) ?? (v > 0xffffn ? mem.find(v)?.name : undefined);
    return what ? [`${goRegister(n)} → ${what}`] : [];
  });
  return [...rows, `  FLAGS ${flags}   ${known.join(', ')}`.trimEnd()];
}

/** Walk by the assembler's own frame tables; where SP was realigned by hand, by the saved BP. */
export function backtrace(machine: Machine): { pc: bigint; sp: bigint }[] {
  const { cpu, mem, symbols } = machine;
  const out: { pc: bigint; sp: bigint }[] = [];
  let pc = cpu.rip;
  let sp = cpu.gpr(4);
  let bp = cpu.gpr(5);
  const word = (at: bigint): bigint | undefined => (mem.allows(at, 8n, 'read') ? mem.peek(at, 8) : undefined);
  while (out.length < MAX_FRAMES && !out.some((f) => f.pc === pc && f.sp === sp)) {
    out.push({ pc, sp });
    const depth = symbols.depthAt(pc) ?? 0;
    const byTable = sp + BigInt(depth);
    const byBp = bp + 8n;
    const slot = [byTable, byBp].find((s) => symbols.at(word(s) ?? 0n) !== undefined);
    if (slot === undefined) break;
    if (depth > 0) bp = word(slot - 8n) ?? bp;
    pc = word(slot)!;
    sp = slot + 8n;
  }
  return out;
}

function advice(e: Ending): string {
  switch (e.kind) {
    case 'signal':
      if (e.fault?.kind === 'page' && e.fault.address < 0x1000n && e.fault.address > 0n) {
        return `an address as small as ${hex(e.fault.address)} is a field of a nil struct, or a deliberate crash: look at the base register`;
      }
      if (e.fault?.kind === 'page' && e.fault.access === 'execute')
        return 'a CALL, JMP or RET went to no code: compare RSP with its value at entry, in callgate trace';
      if (e.fault?.kind === 'undefined') return 'check that execution did not run past the end of a function';
      return 'callgate trace shows every instruction up to here';
    case 'no-meaning':
      return 'callgate list instructions shows what it can execute; data reached as code ends here too';
    case 'unknown-syscall':
      return 'callgate list syscalls shows what the machine has; a wrong number in AX ends here too';
    case 'no-model':
      return `define ${e.name} in a .s file and name that file on the command line`;
    case 'budget':
      return 'a loop does not end; --budget N allows more instructions';
    case 'blocked':
      return 'there is one thread here, and nobody else to wake it';
    default:
      return 'callgate trace shows every instruction up to here';
  }
}
