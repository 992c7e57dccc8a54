/** What starting costs, in time and memory, and what one step through the API costs. */
import { performance } from 'node:perf_hooks';
import type { MakeEngine } from '#emu/engine/engine.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { jit } from '#emu/engine/jit/jit.ts';
import { machineFor } from './inside.ts';
import { firstLine, type Ran, run } from './process.ts';
import { median } from './statistics.ts';

export interface Start {
  readonly what: string;
  /** Median wall time of the whole process. */
  readonly seconds: number;
  /** Median peak resident memory, KiB: memory at rest, as these do next to nothing. */
  readonly rss: number;
}

/** `exit`: the path of the program that ends at once. */
export function startUp(exit: string, runs: number): Start[] {
  const node = process.execPath;
  const callgate = [node, 'dist/callgate.js'];
  // biome-ignore format: table
  const rows: readonly (readonly [what: string, ...command: string[]])[] = [
    ['node -e 0',                                   node, '-e', '0'],
    ['callgate run mmap',                           ...callgate, 'run', 'mmap'],
    ['callgate exec, to the first instruction',     ...callgate, 'exec', '--engine', 'interp', exit],
    ['callgate exec --engine jit, the same',        ...callgate, 'exec', '--engine', 'jit', exit],
    ['qemu-user, the same',                         'qemu-x86_64', exit],
    ['native, the same',                            exit],
  ];
  const present = rows.filter(([, program]) => program !== 'qemu-x86_64' || firstLine('qemu-x86_64', '--version'));
  const ran = new Map<string, Ran[]>(present.map(([what]) => [what, []]));
  for (let i = 0; i < runs; i++) {
    for (const [what, ...command] of present) {
      const result = run(command);
      if (result.status !== 0) throw new Error(`${command.join(' ')}: exit status ${result.status}`);
      ran.get(what)!.push(result);
    }
  }
  return [...ran].map(([what, all]) => ({
    what,
    seconds: median(all.map((r) => r.seconds)),
    rss: median(all.map((r) => r.rss)),
  }));
}

export interface Stepping {
  readonly engine: string;
  readonly perSecond: number;
}

/** `Machine.run(1)` over and over. */
export function stepping(path: string, runs: number, seconds: number): Stepping[] {
  const engines: readonly (readonly [string, MakeEngine])[] = [
    ['interp', (parts) => new Interpreter(parts)],
    ['jit', jit()],
  ];
  return engines.map(([engine, make]) => {
    const machine = machineFor(path, 10 ** 15, make);
    const steps = (n: number): number => {
      const begun = performance.now();
      for (let i = 0; i < n; i++) machine.run(1);
      return (performance.now() - begun) / 1000;
    };
    const n = Math.round((20_000 * seconds) / Math.max(steps(20_000), steps(20_000)));
    return { engine, perSecond: median(Array.from({ length: runs }, () => n / steps(n))) };
  });
}
