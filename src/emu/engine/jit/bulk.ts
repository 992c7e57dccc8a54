/**
 * REP MOVS and REP STOS a page at a time: all turns that stay on pages which are there and hold no code. What is left,
 * the last turn and faults included, is the interpreter's.
 */
import type { Cpu } from '../../cpu/cpu.ts';
import { R } from '../../cpu/layout.ts';
import type { Instruction } from '../../decode/instruction.ts';
import { PAGE_SIZE } from '../../mem/layout.ts';
import type { Memory } from '../../mem/memory.ts';

/** Fewer turns than this are not worth the preparation. */
const FEW = 8n;

/** Is it one of the two, without a segment or address-size prefix? */
export function isBulk({ repeat, form: { name }, operands }: Instruction): 'move' | 'fill' | undefined {
  if (!repeat || operands.some((p) => p.in === 'mem' && (p.segment || p.short))) return undefined;
  return /^MOVS[BWLQ]$/.test(name) ? 'move' : /^STOS[BWLQ]$/.test(name) ? 'fill' : undefined;
}

export function bulk(cpu: Cpu, mem: Memory, insn: Instruction): void {
  const what = isBulk(insn);
  if (!what || cpu.flag('DF')) return;
  const isMove = what === 'move';
  const size = insn.operands[0]!.w / 8;
  while (cpu.gpr(R.cx) > FEW) {
    const done = isMove ? move(cpu, mem, size) : fill(cpu, mem, size);
    if (done === 0) return;
    const bytes = BigInt(done * size);
    cpu.setGpr(R.cx, cpu.gpr(R.cx) - BigInt(done));
    cpu.setGpr(R.di, BigInt.asUintN(64, cpu.gpr(R.di) + bytes));
    if (isMove) cpu.setGpr(R.si, BigInt.asUintN(64, cpu.gpr(R.si) + bytes));
  }
}

/** Byte offset of an address in linear memory, and how many elements follow it on its page. */
function span(mem: Memory, address: bigint, size: number, write: boolean): { at: number; room: number } | undefined {
  const page = Number(address >> 12n);
  if (write && mem.isCode(page)) return undefined;
  const frame = mem.frameFor(page, write ? 'write' : 'read');
  if (frame === undefined) return undefined;
  const within = Number(address & 0xfffn);
  return { at: frame + within, room: Math.floor((PAGE_SIZE - within) / size) };
}

/** Turns that fit; the last is never among them, so that what it leaves is told by the interpreter. */
const turns = (cpu: Cpu, ...rooms: readonly number[]): number =>
  Math.min(Number(BigInt.asUintN(32, cpu.gpr(R.cx) - 1n)) || PAGE_SIZE, ...rooms);

function move(cpu: Cpu, mem: Memory, size: number): number {
  const to = span(mem, cpu.gpr(R.di), size, true);
  const from = span(mem, cpu.gpr(R.si), size, false);
  if (!to || !from) return 0;
  const n = turns(cpu, to.room, from.room);
  const { bytes } = mem.frames;
  const length = n * size;
  // Upwards: where the destination runs into what is still to be read, each element is read after the one before it is
  // written.
  const step = to.at > from.at && to.at < from.at + length ? size : length;
  for (let i = 0; i < length; i += step) bytes.copyWithin(to.at + i, from.at + i, from.at + i + step);
  return n;
}

function fill(cpu: Cpu, mem: Memory, size: number): number {
  const to = span(mem, cpu.gpr(R.di), size, true);
  if (!to) return 0;
  const n = turns(cpu, to.room);
  const { bytes } = mem.frames;
  const value = cpu.gpr(R.ax);
  for (let i = 0; i < size; i++) bytes[to.at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  for (let done = size; done < n * size; done *= 2) {
    bytes.copyWithin(to.at + done, to.at, to.at + Math.min(done, n * size - done));
  }
  return n;
}
