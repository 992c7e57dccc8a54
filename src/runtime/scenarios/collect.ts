/** Another goroutine that collects. */
import { type Model, sites } from '../model.ts';

/** All of a collection, or the part of it that looks at stacks. */
type Part = 'GC' | 'markroot';

/** func collect() */
export const collect = (part: Part): Model => ({
  name: 'main.collect',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: sites(part),
  *body() {
    yield { site: part, target: `runtime.${part}`, convention: 'ABIInternal' };
    return undefined;
  },
});
