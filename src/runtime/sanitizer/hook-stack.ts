/** Where a sanitizer's function finds itself when a thunk of Go's has called it. */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { hex } from '../go/show.ts';

/** The stub that changed stacks: msancall<> or racecall<>. */
type Thunk = 'msancall' | 'racecall';

/**
 * RSP is on g0's stack, aligned; TLS names whoever called the thunk, be it the goroutine: these thunks change stacks, not g.
 * From gsignal they leave for g0's stack too.
 */
export function expectHookStack(f: Frame, thunk: Thunk): void {
  const { world } = f;
  // Without a g there is nowhere to go.
  if (world.currentG === 0n) return;
  const { machine } = world;
  const stack = machine.stackAt(f.sp);
  const own = machine.stackAt(machine.mem.peek(world.g(f.m.g0).stack, 8));
  world.expect(stack === own, 'system-stack', `runs on ${stack || 'no stack'}, not on ${own}`, thunk);
  const aligned = f.entry % 16n === 8n;
  world.expect(aligned, 'system-stack', `entered with RSP ${hex(f.entry)}, which is not 8 mod 16`, thunk);
  // R14 is the goroutine still: C does not look at it, and gives it back.
  const r14 = f.reg(R.r14);
  world.expect(r14 === world.currentG, 'g', `R14 is ${hex(r14)}, TLS names ${hex(world.currentG)}`, thunk);
}
