/** Functions that stubs call when things have gone wrong beyond repair: each says what Go says, and throws. */
import type { Convention } from '#emu/trace/event.ts';
import type { Frame } from '../frame.ts';
import type { Model } from '../model.ts';

function fatal(name: string, convention: Convention, message: string): Model {
  return {
    name,
    convention,
    frame: 0x10,
    sites: [],
    // biome-ignore lint/correctness/useYield: it never gets as far as calling anything
    *body(f) {
      f.world.print(`fatal error: ${message}\n`);
      f.world.machine.end({ kind: 'exit', status: 2 });
      return undefined;
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
  { ...fatal('runtime.badsystemstack', 'ABI0', ''), body: badsystemstack },
  fatal('runtime.badmorestackg0', 'ABI0', 'runtime: morestack on g0'),
  fatal('runtime.badmorestackgsignal', 'ABI0', 'runtime: morestack on gsignal'),
  fatal('runtime.badmcall', 'ABI0', 'runtime: mcall called on m->g0 stack'),
  fatal('runtime.badmcall2', 'ABI0', 'runtime: mcall function returned'),
];
