/** Every invariant of the runtime, and how they watch a world together. */

import type { World } from '../world.ts';
import { cgoAccount } from './cgo-account.ts';
import type { Invariant } from './checker.ts';
import { currentG } from './current-g.ts';
import { g0Sched } from './g0-sched.ts';
import { oneOwner } from './one-owner.ts';
import { pCount } from './p-count.ts';
import { retiredPointer } from './retired-pointer.ts';
import { stackRoom } from './stack-room.ts';
import { syscallFrame } from './syscall-frame.ts';
import { x15Zero } from './x15-zero.ts';

export const invariants: readonly Invariant[] = [
  currentG,
  x15Zero,
  oneOwner,
  pCount,
  cgoAccount,
  syscallFrame,
  g0Sched,
  stackRoom,
  retiredPointer,
];

/** Watch a world from now on; what is found goes to its findings, in the order of time. `but`: not these. */
export function watchRuntime(world: World, but: readonly string[] = []): void {
  const watched = invariants.filter(({ name }) => !but.includes(name));
  const watchers = watched.map((i) => ({ name: i.name, see: i.start(world) }));
  world.machine.observe((e) => {
    // What they claim changes hands where functions are entered and left; instructions are the machine's checkers' part.
    if (e.kind === 'insn') return;
    for (const { name, see } of watchers) {
      const message = see(e);
      if (message !== undefined) world.expect(false, name, message);
    }
  });
}
