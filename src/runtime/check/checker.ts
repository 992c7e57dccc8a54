/** What an invariant of Go's runtime is: a claim about every run, the reason for it, and a way to notice. */
import type { Event } from '#emu/trace/event.ts';
import type { World } from '../world.ts';

export interface Invariant {
  readonly name: string;
  readonly because: string;
  /** A fresh watcher for one run: sees every event but instructions, answers with one sentence when the claim is broken. */
  start(world: World): (e: Event) => string | undefined;
}
