/** Pushing and popping, for every instruction that does. */
import type { Ops, Width } from './ops.ts';
import { gpr, type Place } from './place.ts';

export const SP = gpr(4, 64);
export const BP = gpr(5, 64);

/** Memory at RSP or RBP plus `disp`: a non-canonical address there is #SS, not #GP. */
export const at = (base: Place & { in: 'gpr' }, disp: bigint, w: Width): Place => ({
  in: 'mem',
  w,
  segment: undefined,
  base: base.n,
  index: undefined,
  vectorIndex: false,
  scale: 1,
  disp,
  short: false,
  ripRelative: false,
});

export function push<V>(o: Ops<V>, v: V, w: Width): void {
  const size = BigInt(w / 8);
  o.put(at(SP, -size, w), v);
  o.put(SP, o.sub(o.get(SP), o.const(size), 64));
}

/** Returns the value above; RSP moves by its size plus `extra` bytes. */
export function pop<V>(o: Ops<V>, w: Width, extra = 0n): V {
  const v = o.let(o.get(at(SP, 0n, w)));
  o.put(SP, o.add(o.get(SP), o.const(BigInt(w / 8) + extra), 64));
  return v;
}
