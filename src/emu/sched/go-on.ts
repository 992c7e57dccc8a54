/** Nobody is interrupted: a thread goes on until it blocks, sleeps, ends or offers the processor to others. */
import type { Scheduler, Turn } from './scheduler.ts';

/** Whether taking the processor from who moved last would be a preemption. */
export const canGoOn = (turn: Turn): turn is Turn & { readonly last: number } =>
  turn.last !== undefined && !turn.yielded && turn.awake.includes(turn.last);

/** Who moves when nobody is interrupted: `last` if it can, else the next one awake, round the table, else the soonest sleeper. */
export const whoGoesOn = (turn: Turn): number => (canGoOn(turn) ? turn.last : nextInLine(turn));

/** The next one awake after `last`, round the table (`last` itself comes last); the soonest sleeper when none is. */
export function nextInLine({ awake, asleep, last = -1 }: Turn): number {
  return awake.find((t) => t > last) ?? awake[0] ?? asleep[0]!;
}

export const goOn: Scheduler = { next: whoGoesOn };
