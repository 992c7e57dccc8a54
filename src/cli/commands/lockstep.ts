/** callgate lockstep: two engines side by side, to the first difference; and such a difference run again from its file. */
import { lockstep, Mismatch, type NamedEngine } from '#emu/engine/lockstep.ts';
import { BadReproducer, mismatchText, narrow, parseReproducer, replay, reproducer } from '#emu/engine/reproducer.ts';
import { endingText } from '#emu/trace/ending.ts';
import { runCase } from '#runtime/verdict.ts';
import type { World } from '#runtime/world.ts';
import { loadEngine, sayHandedOver } from '../engines.ts';
import { fail } from '../fail.ts';
import { readText, writeText } from '../files.ts';
import { output } from '../output.ts';
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
  const { c, stubs, budget } = oneCase(target, options);
  let world: World | undefined;
  const print = output();
  try {
    const engine = lockstep(first, second, { by: options.by });
    const { ending } = runCase({ ...c, engine }, stubs, budget, (w) => {
      world = w;
      return () => {};
    });
    print(
      `${first.name} and ${second.name} agree on ${world!.machine.retired} instructions, up to ${endingText(ending)}`,
    );
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
  print(`${first.name} and ${second.name} agree on ${file}`);
  print.flush();
  return 0;
}

function report(m: Mismatch, { save }: LockstepOptions, nameOf?: Parameters<typeof mismatchText>[1]): void {
  const print = output();
  print(mismatchText(m, nameOf ?? (() => undefined)));
  if (save !== undefined) {
    writeText(save, `${JSON.stringify(reproducer(m), undefined, 1)}\n`);
    print(`\nagain: callgate lockstep ${m.engines.join(' ')} --replay ${save}`);
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
