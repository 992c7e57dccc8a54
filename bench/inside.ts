/** Subjects in this process: machines of ours, run slice by slice, so that what is timed is warm. */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { MakeEngine } from '#emu/engine/engine.ts';
import type { Machine } from '#emu/machine.ts';
import { loadProgram } from '#emu/program.ts';
import { endingText } from '#emu/trace/ending.ts';
import { run } from './process.ts';
import { calibrate, type Program, type Role, type Sample, type Subject } from './subject.ts';

/** Bytes of tape that are kept: then the oldest are written over. */
const KEPT = 64 << 20;
/** More than any slice will need. */
const FOR_EVER = 10 ** 15;

export function machineFor(
  path: string,
  repeats: number,
  engine: MakeEngine,
  output?: (b: Uint8Array) => void,
): Machine {
  const start = { path, args: [path, String(repeats)], env: [], random: new Uint8Array(16) };
  return loadProgram(readFileSync(path), start, { engine, output: (_fd, bytes) => output?.(bytes) });
}

/** Run to the end; the instructions it took. Throws when it ends otherwise than well, or says something else than `expected`. */
export function retiredBy(path: string, repeats: number, engine: MakeEngine, expected?: string): number {
  let out = '';
  const machine = machineFor(path, repeats, engine, (b) => {
    out += Buffer.from(b).toString();
  });
  const ending = machine.run(FOR_EVER);
  if (ending.kind !== 'exit' || ending.status !== 0) throw new Error(endingText(ending));
  if (expected !== undefined && out !== expected) throw new Error('gives another result than the host');
  return machine.retired;
}

/** What a traced run does with what it is told: keep the bytes of the tape, or look at every step. */
export type Recording = 'tape' | 'steps';

export function inside(name: string, role: Role, engine: MakeEngine, recording: Recording = 'tape'): Subject {
  const prepare = ({ path }: Program, seconds: number) => {
    retiredBy(path, 2, engine, run([path, '2']).out);
    const machine = machineFor(path, FOR_EVER, engine);
    let seen = 0;
    if (role === 'traced' && recording === 'steps') {
      machine.observe((e) => {
        if (e.kind === 'insn') seen += e.step.gprs.length;
      });
    } else if (role === 'traced') {
      const kept = new Uint8Array(KEPT);
      let at = 0;
      machine.record((bytes) => {
        if (at + bytes.length > KEPT) at = 0;
        kept.set(bytes, at);
        at += bytes.length;
        seen += bytes.length;
      });
    }
    const time = (budget: number): number => {
      const begun = performance.now();
      const ending = machine.run(budget);
      if (ending.kind !== 'budget') throw new Error(endingText(ending));
      return (performance.now() - begun) / 1000;
    };
    const budget = 10_000 * calibrate(seconds, (n) => time(10_000 * n));
    time(budget);
    if (role === 'traced' && seen === 0) throw new Error('nothing was recorded');
    return (): Sample => ({ warm: budget / time(budget) });
  };
  return { name, ours: true, role, prepare };
}
