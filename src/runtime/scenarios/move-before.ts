/** A goroutine's stack moves where a scenario wants it to. */
import { STACK_FORCE_MOVE } from '../go/newstack.ts';
import type { World } from '../world.ts';

/** Before the prologues of `wanted`, ask for another stack: each time, at another address. */
export function moveBefore(world: World, wanted: readonly string[]): void {
  world.machine.observe((e) => {
    if (e.kind !== 'call') return;
    const name = world.machine.symbols.nameOf(e.to) ?? '';
    if (wanted.includes(name)) world.curg.stackguard0 = STACK_FORCE_MOVE;
  });
}
