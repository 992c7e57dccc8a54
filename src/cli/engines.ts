/** The engines by name, loaded when asked for: the native ones need packages that not everybody has. */
import type { MakeEngine } from '#emu/engine/engine.ts';
import type { JitOptions } from '#emu/engine/jit/jit.ts';
import type { NamedEngine } from '#emu/engine/lockstep.ts';
import { engineNames } from './choices.ts';
import { count } from './count.ts';
import { fail } from './fail.ts';

export interface EngineOptions {
  readonly engine: string;
  /** A file of unicorn.js, in place of looking for one. */
  readonly unicornJs?: string;
  /** The translator translates each instruction by itself, and at once: for runs that look at every one of them. */
  readonly eager?: boolean;
}

/** How many instructions of which name were handed to the interpreter, and why; by "NAME: why". */
export type HandedOver = ReadonlyMap<string, number>;

export interface LoadedEngine extends NamedEngine {
  readonly handedOver: HandedOver;
}

type Load = (options: EngineOptions, handedOver: Map<string, number>) => Promise<MakeEngine>;

/** Otherwise the translator leaves runs of few instructions to the interpreter. */
const EAGER: JitOptions = { limits: { instructions: 1, inlined: 0, depth: 0 }, warm: 1, few: 1, patience: 0 };

// biome-ignore format: table
const engines: Readonly<Record<(typeof engineNames)[number], Load>> = {
  interp:   loadInterpreter,
  unicorn:  loadUnicorn,
  jit:      async ({ eager }) => (await import('#emu/engine/jit/jit.ts')).jit(eager ? EAGER : {}),
  hardware: async () => (await (await import('#emu/engine/hardware/hardware.ts')).hardware()).engine,
};
/** Errors that say what to install or to allow. */
const UNAVAILABLE: ReadonlySet<string> = new Set(['NoUnicorn', 'HardwareUnavailable']);

/** Throws InputError, with what to do, where the engine cannot run. */
export async function loadEngine(options: EngineOptions): Promise<LoadedEngine> {
  const name = engineNames.find((n) => n === options.engine);
  const load = name ? engines[name] : fail(`--engine ${options.engine}: give one of ${engineNames.join(', ')}`);
  if (options.unicornJs !== undefined && options.engine !== 'unicorn') fail('--unicorn-js goes with --engine unicorn');
  const handedOver = new Map<string, number>();
  try {
    return { name: options.engine, make: await load(options, handedOver), handedOver };
  } catch (e) {
    if (e instanceof Error && UNAVAILABLE.has(e.name)) fail(e.message);
    throw e;
  }
}

async function loadInterpreter(): Promise<MakeEngine> {
  const { Interpreter } = await import('#emu/engine/interp/interp.ts');
  return (parts) => new Interpreter(parts);
}

async function loadUnicorn(options: EngineOptions, handedOver: Map<string, number>): Promise<MakeEngine> {
  const [engine, provider] = await Promise.all([
    import('#emu/engine/unicorn/unicorn.ts'),
    import('#emu/engine/unicorn/provider.ts'),
  ]);
  const onHandOver = (insn: { form: { name: string } }, why: string): void => {
    const key = `${insn.form.name}: ${why}`;
    handedOver.set(key, (handedOver.get(key) ?? 0) + 1);
  };
  return engine.unicorn(await provider.loadUnicorn(options.unicornJs), { onHandOver });
}

/** Do something with the engine that the options name; undefined stands for the default one. */
export async function onEngine(
  { engine, unicornJs }: Partial<EngineOptions>,
  act: (engine: MakeEngine | undefined) => number,
): Promise<number> {
  if (engine === undefined && unicornJs === undefined) return act(undefined);
  const loaded = await loadEngine({ engine: engine ?? 'jit', ...(unicornJs !== undefined && { unicornJs }) });
  const status = act(loaded.make);
  sayHandedOver(loaded);
  return status;
}

/** To standard error: what another engine than the chosen one executed. */
export function sayHandedOver({ name, handedOver }: LoadedEngine): void {
  if (!handedOver.size) return;
  const total = [...handedOver.values()].reduce((a, b) => a + b, 0);
  const shown = [...handedOver].map(([what, n]) => `  ${n} × ${what}`).sort();
  console.error(
    `${count(total, 'instruction')} that ${name} cannot be trusted with ${total === 1 ? 'was' : 'were'} left to the interpreter:\n${shown.join('\n')}`,
  );
}
