/** The prologue that Go's assembler and compiler give a function: is the stack large enough? (obj6.go stacksplit) */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from './model.ts';
import type { World } from './world.ts';

/** Frames up to this size may reach below the guard: StackSmall (runtime/stack.go). */
const STACK_SMALL = 128n;
/** Registers of the first integer arguments (abi-internal.md). */
export const ARGUMENTS = [R.ax, R.bx, R.cx, R.di, R.si, R.r8, R.r9, R.r10, R.r11] as const;

/** Is the stack too small for this frame? Then morestack is on its way, and comes back by `afterGrowth`. */
export function mustGrow(world: World, model: Model, entry: bigint): boolean {
  if (model.nosplit || model.convention === 'C') return false;
  const { cpu, mem } = world.machine;
  const g = model.convention === 'ABI0' ? world.currentG : cpu.gpr(R.r14);
  const size = BigInt(model.frame) + 8n;
  const lowest = size <= STACK_SMALL ? entry : entry - (size - STACK_SMALL);
  const { stackguard0 } = world.g(g);
  // A request to give way is an address no stack has: then every frame is too large.
  if (lowest > stackguard0) return false;
  for (const [i, at] of spillSlots(model, entry)) mem.write(at, 8, cpu.gpr(ARGUMENTS[i]!));
  cpu.setGpr(R.sp, entry - 8n);
  mem.write(entry - 8n, 8, world.bridge.prologueAddress(model));
  cpu.rip = world.addressOf(model.closure ? 'runtime.morestack' : 'runtime.morestack_noctxt');
  return true;
}

/** Back from morestack: the arguments into their registers, and once more from the start. */
export function afterGrowth(world: World, model: Model, entryPoint: bigint): void {
  const { cpu, mem } = world.machine;
  for (const [i, at] of spillSlots(model, cpu.gpr(R.sp))) cpu.setGpr(ARGUMENTS[i]!, mem.read(at, 8));
  cpu.rip = entryPoint;
}

/** Where a function's prologue keeps its register arguments: above the return address, in its caller's frame. */
function* spillSlots(model: Model, entry: bigint): Generator<readonly [index: number, at: bigint]> {
  for (let i = 0; i < (model.spills?.length ?? 0); i++) yield [i, entry + 8n + BigInt(8 * i)];
}
