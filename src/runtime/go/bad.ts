/** Functions that stubs call when things have gone wrong beyond repair: each says what Go says, and throws. */
import type { Convention } from '#emu/trace/event.ts';
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

export const bad: readonly Model[] = [
  fatal('runtime.badsystemstack', 'ABI0', 'systemstack called from unexpected goroutine'),
  fatal('runtime.badmcall', 'ABI0', 'runtime: mcall called on m->g0 stack'),
  fatal('runtime.badmcall2', 'ABI0', 'runtime: mcall function returned'),
];
