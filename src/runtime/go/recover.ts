/** recover: a deferred call ends the panic that runs it. runtime/panic.go, gorecover */
import type { Frame } from '../frame.ts';
import { panic } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Eface } from './eface.ts';
import { valueOfPanic } from './gopanic.ts';

/** func gorecover(argp uintptr) any, in a deferred function's own frame: what was panicked with, if there is anything to end. */
export function gorecover({ world, mem, g, entry }: Frame): Eface | undefined {
  if (g._panic === 0n) return undefined;
  const p = view(mem, panic, g._panic);
  // Only the function that gopanic called, not one that this calls in turn: its arguments are where gopanic put them.
  const argp = entry + 8n;
  if (p.goexit !== 0n || p.recovered !== 0n || p.argp !== argp) return undefined;
  p.recovered = 1n;
  return valueOfPanic(world, p);
}
