/** A situation worth keeping: what runs, on which stacks, what goes wrong on purpose, and how it must end. */
import { endingText } from '#emu/trace/ending.ts';
import type { Ending } from '#emu/trace/event.ts';
import type { Model } from './model.ts';
import type { StackName } from './world.ts';

export interface Situation {
  readonly name: string;
  /** Fault rules: "mmap:ENOMEM@1". */
  readonly fail: readonly string[];
  readonly ends: Expected;
}

/** How a run must end. */
export type Expected =
  | { readonly kind: 'done' }
  | { readonly kind: 'exit'; readonly status: number; readonly prints?: string }
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
  /** Models besides the ones every world has. */
  readonly models?: (s: Situation) => readonly Model[];
}

/** Undefined when the run ended as expected, else one sentence. */
export function unexpected(expected: Expected, ending: Ending, output: string): string | undefined {
  const fits =
    ending.kind === expected.kind &&
    (expected.kind !== 'exit' || (ending.kind === 'exit' && ending.status === expected.status)) &&
    (expected.kind !== 'signal' || (ending.kind === 'signal' && signalFits(expected, ending)));
  if (fits && expected.kind !== 'done' && expected.prints !== undefined && output !== expected.prints) {
    return `the run printed ${JSON.stringify(output)} before it ended, not ${JSON.stringify(expected.prints)}`;
  }
  return fits ? undefined : `the run ended with ${endingText(ending)}, not with ${describeExpected(expected)}`;
}

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
