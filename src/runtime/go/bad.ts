/** Functions that stubs call when things have gone wrong beyond repair: each says what Go says, and throws. */
import type { Frame } from '../frame.ts';
import type { Model } from '../model.ts';

function fatal(name: string, file: string, frame: number, message: string): Model {
  return {
    name,
    convention: 'ABIInternal',
    file,
    abi0: 0,
    nosplit: true,
    frame,
    sites: {},
    // biome-ignore lint/correctness/useYield: it never gets as far as calling anything
    body: function* (f) {
      return f.world.throw(message);
    },
  };
}

/** The one that says something and returns: the stub's INT $3 then ends the run. */
// biome-ignore lint/correctness/useYield: it calls nothing
function* badsystemstack(f: Frame): ReturnType<Model['body']> {
  f.world.print('fatal: systemstack called from unexpected goroutine');
  return undefined;
}

export const bad: readonly Model[] = [
  { ...fatal('runtime.badsystemstack', 'runtime/stubs.go', 0x18, ''), body: badsystemstack },
  fatal('runtime.badmorestackg0', 'runtime/proc.go', 0x18, 'runtime: morestack on g0'),
  fatal('runtime.badmorestackgsignal', 'runtime/proc.go', 0x18, 'runtime: morestack on gsignal'),
  fatal('runtime.badmcall', 'runtime/proc.go', 0x10, 'runtime: mcall called on m->g0 stack'),
  fatal('runtime.badmcall2', 'runtime/proc.go', 0x10, 'runtime: mcall function returned'),
];
