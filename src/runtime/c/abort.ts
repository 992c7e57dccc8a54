/** abort(3): SIGABRT, from which there is no coming back here. */
import type { Frame } from '../frame.ts';

export function abort(f: Frame, detail: string): void {
  f.world.machine.end({ kind: 'signal', signal: 'SIGABRT', detail, fault: undefined });
}
