/** Words the translator leaves to the interpreter, as data: an instruction whose meaning uses one is not translated. */
import type { Ops } from '../../isa/ops.ts';
import type { Node } from './ir.ts';
import { LowerScalar } from './lower-scalar.ts';
import { Untranslatable } from './untranslatable.ts';

// biome-ignore format: table
const words = [
  'flags', 'setFlags', 'setSegmentBase', 'pure',
  'syscall', 'interrupt', 'cpuid', 'timestamp', 'random',
  'fusedMultiplyAdd', 'mxcsr', 'setMxcsr',
  'x87', 'setX87', 'emptySt', 'dataX87', 'setDataX87', 'waitX87', 'noteX87', 'enterMmx',
] as const satisfies readonly (keyof Ops<Node>)[];

type Rest = Pick<Ops<Node>, (typeof words)[number]>;

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the loop below makes every method of the interface
export abstract class LowerRest extends LowerScalar {}
export interface LowerRest extends Rest {}

for (const word of words) {
  Object.defineProperty(LowerRest.prototype, word, {
    value: () => {
      throw new Untranslatable();
    },
  });
}
