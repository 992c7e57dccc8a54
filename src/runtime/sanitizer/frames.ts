/** Who called whom, as sanitizers list it: along saved frame pointers, for as long as they stay on the stack. */
import { R } from '#emu/cpu/layout.ts';
import { baseName } from '#emu/trace/text.ts';
import type { World } from '../world.ts';

/** More than any of ours is deep. */
const MOST = 20;

/** "    #0 0x10000010 in f", innermost first; a line for each frame. */
export function frameList(world: World): string[] {
  const { cpu, mem } = world.machine;
  const on = mem.find(cpu.gpr(R.sp));
  const pcs = [cpu.rip];
  let bp = cpu.gpr(R.bp);
  // asmcgocall leaves the goroutine's BP to C: there the thread's own stack ends, and the list with it.
  while (on && pcs.length < MOST && bp >= cpu.gpr(R.sp) && bp + 16n <= on.end && bp % 8n === 0n) {
    const returnTo = mem.peek(bp + 8n, 8);
    if (world.machine.symbols.at(returnTo) === undefined) break;
    // The call, not what comes after it.
    pcs.push(returnTo - 1n);
    const up = mem.peek(bp, 8);
    if (up <= bp) break;
    bp = up;
  }
  return pcs.map((pc, i) => `    #${i} 0x${pc.toString(16)} in ${where(world, pc)}`);
}

/** "runtime.asmcgocall stack.s:180" */
export function where({ machine: { symbols } }: World, pc: bigint): string {
  const line = symbols.lineOf(pc);
  return `${symbols.at(pc)?.name ?? '(unknown)'}${line ? ` ${baseName(line.file)}:${line.line}` : ''}`;
}
