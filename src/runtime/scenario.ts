/** A situation worth keeping: what runs, on which stacks, what goes wrong on purpose, and how it must end. */
import type { Schedule } from '#emu/sched/schedule.ts';
import { endingText } from '#emu/trace/ending.ts';
import type { Ending } from '#emu/trace/event.ts';
import type { FixName } from './fixes.ts';
import type { Model } from './model.ts';
import type { Overlay } from './stubs.ts';
import type { StackName } from './world.ts';
import type { WorldOptions } from './world-options.ts';

export interface Situation {
  readonly name: string;
  /** Fault rules: "mmap:ENOMEM@1". */
  readonly fail: readonly string[];
  readonly ends: Expected;
  /**
   * Whose turn it is, where that is what the situation is about: a run for each, as far as it can be followed, then nobody
   * is interrupted. The values of RSP mod 16 come in turn.
   */
  readonly schedules?: readonly Schedule[];
}

/** How a run must end. */
export type Expected =
  | { readonly kind: 'done' }
  | { readonly kind: 'exit'; readonly status: number; readonly prints?: string | RegExp }
  /** `prints`: what must have been written before. */
  | { readonly kind: 'signal'; readonly signal: string; readonly address?: bigint; readonly prints?: string };

export interface Scenario {
  readonly name: string;
  /** One line: what it is for. */
  readonly why: string;
  /** The machine code it exercises. */
  readonly stubs: readonly string[];
  /** Where the stubs may be called from. */
  readonly stacks: readonly StackName[];
  /** Variables that assembly reads: a number, or a model whose address they hold. */
  readonly globals: Readonly<Record<string, bigint | string>>;
  readonly situations: readonly Situation[];
  /** What runs. It states what it expects with `world.expect`. */
  readonly main: (s: Situation) => Model;
  /** The Go it runs in: how many Ps, which sanitizers. */
  readonly world?: Partial<Pick<WorldOptions, 'procs' | 'race' | 'msan' | 'sysmonRounds'>>;
  /** Historic fixes that its Go is too old for, whatever the user says. */
  readonly lacks?: readonly FixName[];
  /** The fix without which it fails; undefined for a scenario that no fix is about. */
  readonly shows?: FixName;
  /** The machine code of an older Go, laid over the library. */
  readonly overlay?: Overlay;
  /** Invariants that it breaks on purpose, to see what Go makes of it. */
  readonly breaks?: readonly string[];
  /** It has several threads: somebody has to say whose turn it is. */
  readonly threads?: true;
  /** Models besides the ones every world has. */
  readonly models?: (s: Situation) => readonly Model[];
}

/** Undefined when the run ended as expected, else one sentence. */
export function unexpected(expected: Expected, ending: Ending, output: string): string | undefined {
  const fits =
    ending.kind === expected.kind &&
    (expected.kind !== 'exit' || (ending.kind === 'exit' && ending.status === expected.status)) &&
    (expected.kind !== 'signal' || (ending.kind === 'signal' && signalFits(expected, ending)));
  if (fits && expected.kind !== 'done' && expected.prints !== undefined && !says(expected.prints, output)) {
    const wanted = typeof expected.prints === 'string' ? JSON.stringify(expected.prints) : String(expected.prints);
    return `the run printed ${JSON.stringify(output)} before it ended, not ${wanted}`;
  }
  return fits ? undefined : `the run ended with ${endingText(ending)}, not with ${describeExpected(expected)}`;
}

/** What was said before the traces of goroutines that a throw ends with. */
const saidIn = (output: string): string => output.replace(/\n\n(?:goroutine \d+ \[|runtime stack:)[\s\S]*$/, '\n');

/** A text is all that is said but for the traces; a pattern looks at those too. */
const says = (wanted: string | RegExp, output: string): boolean =>
  typeof wanted === 'string' ? saidIn(output) === wanted : wanted.test(output);

function signalFits(e: Expected & { kind: 'signal' }, ending: Ending & { kind: 'signal' }): boolean {
  if (e.signal !== ending.signal) return false;
  return e.address === undefined || (ending.fault?.kind === 'page' && ending.fault.address === e.address);
}

function describeExpected(e: Expected): string {
  switch (e.kind) {
    case 'done':
      return 'a return';
    case 'exit':
      return `exit status ${e.status}`;
    case 'signal':
      return e.address === undefined ? e.signal : `${e.signal} at 0x${e.address.toString(16)}`;
  }
}
