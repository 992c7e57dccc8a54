/** callgate lockstep: two engines side by side, to the first difference; and such a difference run again from its file. */
import { lockstep, Mismatch, type NamedEngine } from '#emu/engine/lockstep.ts';
import { BadReproducer, mismatchText, narrow, parseReproducer, replay, reproducer } from '#emu/engine/reproducer.ts';
import { endingText } from '#emu/trace/ending.ts';
import { runCase } from '#runtime/verdict.ts';
import type { World } from '#runtime/world.ts';
import { engineNames } from '../choices.ts';
import { count } from '../count.ts';
import { loadEngine, sayHandedOver } from '../engines.ts';
import { fail } from '../fail.ts';
import { readText, writeWhole } from '../files.ts';
import { output } from '../output.ts';
import { quoted } from '../quoted.ts';
import { oneCase, type TraceOptions } from './trace.ts';

export interface LockstepOptions extends TraceOptions {
  readonly by: 'step' | 'block';
  readonly save?: string;
  readonly replay?: string;
  readonly unicornJs?: string;
}

/** Exit code: 0 when the two agree to the end, 1 when they differ. */
export async function lockstepCommand(
  a: string,
  b: string,
  target: string | undefined,
  options: LockstepOptions,
): Promise<number> {
  if ((target === undefined) === (options.replay === undefined)) {
    fail('lockstep: give a scenario, FILE.s:SYMBOL, or --replay FILE, and only one of these');
  }
  for (const engine of [a, b]) {
    if (!engineNames.some((n) => n === engine)) fail(`lockstep ${engine}: give two of ${engineNames.join(', ')}`);
  }
  if (options.unicornJs !== undefined && a !== 'unicorn' && b !== 'unicorn') {
    fail('--unicorn-js goes with unicorn, and neither engine is that');
  }
  const load = (engine: string): ReturnType<typeof loadEngine> =>
    loadEngine({
      engine,
      eager: true,
      ...(engine === 'unicorn' && options.unicornJs !== undefined && { unicornJs: options.unicornJs }),
    });
  const [first, second] = [await load(a), await load(b)];
  const status =
    options.replay === undefined
      ? compare(first, second, target!, options)
      : again(first, second, options.replay, options);
  sayHandedOver(first);
  if (second.name !== first.name) sayHandedOver(second);
  return status;
}

function compare(first: NamedEngine, second: NamedEngine, target: string, options: LockstepOptions): number {
  const { c, stubs, budget, absent } = oneCase(target, options);
  let world: World | undefined;
  const print = output();
  try {
    const engine = lockstep(first, second, { by: options.by });
    const { ending } = runCase({ ...c, engine }, stubs, budget, (w) => {
      world = w;
      return () => {};
    });
    const instructions = world!.machine.retired;
    const engines = [first.name, second.name];
    const end = endingText(ending);
    if (options.json) print(JSON.stringify({ engines, agree: true, instructions, ending: end }));
    else {
      print(`${engines.join(' and ')} agree on ${count(instructions, 'instruction')}, up to ${end}`);
      for (const note of absent()) print(note);
    }
    print.flush();
    return 0;
  } catch (e) {
    if (!(e instanceof Mismatch)) throw e;
    report(narrow(e, first, second), options, world?.machine.symbols.nameOf);
    return 1;
  }
}

function again(first: NamedEngine, second: NamedEngine, file: string, options: LockstepOptions): number {
  const found = replay(readReproducer(file), first, second);
  if (found) {
    report(found, options);
    return 1;
  }
  const print = output();
  if (options.json) print(JSON.stringify({ engines: [first.name, second.name], agree: true, replay: file }));
  else print(`${first.name} and ${second.name} agree on ${file}`);
  print.flush();
  return 0;
}

function report(m: Mismatch, { save, json }: LockstepOptions, nameOf?: Parameters<typeof mismatchText>[1]): void {
  const print = output();
  if (json) print(JSON.stringify({ engines: m.engines, agree: false, reproducer: reproducer(m) }));
  else print(mismatchText(m, nameOf ?? (() => undefined)));
  if (save !== undefined) {
    writeWhole(save, new TextEncoder().encode(`${JSON.stringify(reproducer(m), undefined, 1)}\n`));
    if (!json) print(`\nagain: callgate lockstep ${m.engines.join(' ')} --replay ${quoted(save)}`);
  }
  print.flush();
}

function readReproducer(file: string): ReturnType<typeof parseReproducer> {
  try {
    return parseReproducer(readText(file));
  } catch (e) {
    if (e instanceof BadReproducer) fail(`${file}: ${e.message}`);
    throw e;
  }
}
