/** MemorySanitizer's hooks, as compiled Go and the runtime call them. runtime/msan.go */
import type { Frame } from '../frame.ts';
import type { Body } from '../model.ts';

/** msanwrite or msanread of [address, address + size), from the site of that name: nothing in a build without -msan. */
export function* msanCall(f: Frame, hook: 'msanwrite' | 'domsanread', address: bigint, size: bigint): Body<void> {
  if (!f.world.msan) return;
  f.set(0, address);
  f.set(8, size);
  yield { site: hook, target: `runtime.${hook}`, convention: 'ABI0' };
}
