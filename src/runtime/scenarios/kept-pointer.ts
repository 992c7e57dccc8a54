/** A frame that points into itself, at 8(SP): wherever it has gone, the pointer is right. */
import type { Frame } from '../frame.ts';
import type { Model } from '../model.ts';

/** What the frame points to, at 0(SP). */
const WORD = 0x5afen;

/** The pointer, for the collector and for whoever moves the stack. */
export const KEPT: NonNullable<Model['live']> = { '*': { locals: [8] } };

export function keepPointer(f: Frame): void {
  f.set(0, WORD);
  f.set(8, f.slot(0));
}

export function expectKept(f: Frame, name: string): void {
  const kept = f.get(0) === WORD && f.get(8) === f.slot(0);
  f.world.expect(kept, 'stack-copy', `${name} does not find in its frame what it has put there`);
}
