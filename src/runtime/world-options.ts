/** What a world is made from. */
import type { Image } from '#asm/link.ts';
import type { ObjectFile } from '#asm/object.ts';
import type { ElfObject } from '#emu/linux/elf-object.ts';
import type { MachineOptions } from '#emu/machine.ts';
import type { FixName } from './fixes.ts';
import type { Model } from './model.ts';

export interface Chapter {
  /** Instructions retired before. */
  readonly at: number;
  readonly thread: string;
  readonly text: string;
}

export type External = (name: string, use: 'code' | 'data', from: string) => bigint | undefined;

export interface WorldOptions extends Omit<MachineOptions, 'gateBase'> {
  readonly seed: bigint;
  /** Host functions that machine code may reach by name. */
  readonly models: readonly Model[];
  /** C in machine code, compiled by gcc or clang. A function it defines comes before the model of that name. */
  readonly objects?: readonly ElfObject[];
  /** Words that assembly reads by name: a number, or the name of the model whose address they hold. */
  readonly globals: Readonly<Record<string, bigint | string>>;
  /**
   * Link the stubs, and `more` with them, at `base`, given the addresses of what they do not define. Worlds of one `kind`
   * get the same addresses for the same questions.
   */
  readonly link: (base: bigint, external: External, more: readonly ObjectFile[], kind: string) => Image;
  /** May code from this file name functions that nobody has written? (The library's may: not every world needs them.) */
  readonly library: (file: string) => boolean;
  /** And variables too? (Go's own files do.) */
  readonly lenient: (file: string) => boolean;
  /** Historic fixes that this Go does not have yet. */
  readonly without?: ReadonlySet<FixName>;
  /** GOMAXPROCS; 1 when left out. */
  readonly procs?: number;
  /** How often sysmon looks around, once started, before it sleeps for ever; 10 when left out. */
  readonly sysmonRounds?: number;
  /** Built with -race, with -msan. */
  readonly race?: boolean;
  readonly msan?: boolean;
}

/** What the addresses of gates, globals and C depend on. */
export function kindOf({ models, globals, objects = [] }: WorldOptions): string {
  const gates = models.map((m) => `${m.name}/${Object.keys(m.sites).length}/${m.abi0 ?? ''}`);
  return [...gates, ...Object.keys(globals), ...objects.map((o) => `${o.path}#${identity(o)}`)].join(' ');
}

const identities = new WeakMap<object, number>();
let identitiesGiven = 0;
function identity(o: object): number {
  const known = identities.get(o) ?? ++identitiesGiven;
  identities.set(o, known);
  return known;
}
