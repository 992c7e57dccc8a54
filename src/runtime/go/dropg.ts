/** dropg: this M and its goroutine part. runtime/proc.go */
import type { Frame } from '../frame.ts';

/** func dropg(), on g0. */
export function dropg({ world, m }: Frame): void {
  world.g(m.curg).m = 0n;
  m.curg = 0n;
}
