/** The row: one system call. Its shape gives the handler its arguments, and strace its text. */
import type { Shape, Values } from './argument.ts';
import type { NameOf, Numbered } from './names.ts';
import type { Result, System, Task } from './system.ts';

export type Level =
  | { readonly level: 'full'; readonly note?: undefined }
  /** Behaves as Linux does, but for what the note says. */
  | { readonly level: 'partial'; readonly note: string }
  /** Always fails, which callers are known to survive. */
  | { readonly level: 'refused'; readonly note: string };

export interface Traits {
  /** The result is shown in hexadecimal. */
  readonly returns?: 'address';
}

export interface Row extends Traits {
  readonly number: number;
  readonly name: string;
  readonly args: Shape;
  readonly support: Level;
  readonly serve: (k: System, args: Readonly<Record<string, unknown>>, task: Task) => Result;
}

export function sys<N extends Numbered, S extends Shape>(
  number: N,
  name: NameOf<N>,
  args: S,
  serve: (k: System, args: Values<S>, task: Task) => Result,
  traits: Traits = {},
): Row {
  // Sound: the kernel passes exactly what `args` decoded.
  return { number, name, args, support: { level: 'full' }, serve: serve as Row['serve'], ...traits };
}

export function partial(row: Row, note: string): Row {
  return { ...row, support: { level: 'partial', note } };
}

export function refused(row: Row, note: string): Row {
  return { ...row, support: { level: 'refused', note } };
}
