/**
 * Saving and restoring the x87, SSE and AVX state: SDM vol. 1, 10.5 and chapter 13. Components that the CPU does not
 * have (XCR0) are never asked for; XSAVEOPT saves all that are in use, changed since they were restored or not.
 */
import { type Form, form, requires, type Traits } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops, Width } from '../ops.ts';
import { gpr, type Place } from '../place.ts';
import * as area from '../x87/area.ts';
import { further } from '../x87/control.ts';

/** State components, by their bit in XCR0 and in the masks. */
const [X87, SSE, AVX] = [0, 1, 2] as const;

function aligned<V>(o: Ops<V>, p: Place, to: 16 | 64): void {
  o.when(o.and(o.linear(p), o.const(BigInt(to - 1))), () =>
    o.raise('protection', `the area is not ${to}-byte aligned`),
  );
}

const fxsave =
  (wide: boolean): Meaning =>
  (o, p: Place) => {
    aligned(o, p, 16);
    area.saveX87(o, p, wide);
    area.saveMxcsr(o, p);
    area.saveVectors(o, p, 0);
  };
const fxrstor =
  (wide: boolean): Meaning =>
  (o, p: Place) => {
    aligned(o, p, 16);
    area.loadX87(o, p, wide);
    area.loadMxcsr(o, p);
    area.loadVectors(o, p, 0);
  };

/** XCR0: Linux enables every component that CPUID knows. */
const enabledOf = <V>(o: Ops<V>): V => o.cpuid(o.const(0xdn), o.const(0n))[0];
/** The components asked for in EDX:EAX, of those there are: all are in the low half. */
const requestedOf = <V>(o: Ops<V>): V => o.let(o.and(o.get(gpr(0, 32)), enabledOf(o)));
const has = <V>(o: Ops<V>, set: V, n: number): V => o.bit(set, o.const(BigInt(n)));
const without = <V>(o: Ops<V>, set: V, other: V): V => o.and(set, o.not(other, 64));

/** XINUSE. XSAVEC counts MXCSR as part of SSE state. */
function inUse<V>(o: Ops<V>, withMxcsr: boolean): V {
  const sse = area.usesVectors(o, 0);
  const used = [area.usesX87(o), withMxcsr ? o.or(sse, area.usesMxcsr(o)) : sse, area.usesVectors(o, 1)];
  return o.let(used.map((v, n) => o.shl(v, o.const(BigInt(n)), 64)).reduce((a, b) => o.or(a, b)));
}

/** XSTATE_BV and XCOMP_BV, the two words of the header that mean something. */
const XSTATE_BV = 512;
const XCOMP_BV = 520;
const HEADER_END = 576;
const COMPACTED = 1n << 63n;
const word = (p: Place, at: number, w: Width = 64): Place => further(p, at, w);

/** `saves`: which components are written. */
function saveComponents<V>(o: Ops<V>, p: Place, wide: boolean, saves: V): void {
  o.when(has(o, saves, X87), () => area.saveX87(o, p, wide));
  o.when(has(o, saves, SSE), () => area.saveVectors(o, p, 0));
  o.when(has(o, saves, AVX), () => area.saveVectors(o, p, 1));
}

/** XSAVE writes what is asked for; XSAVEOPT, of that, what is in use. MXCSR goes with SSE and with AVX state. */
const xsaveOf =
  (wide: boolean, onlyUsed: boolean): Meaning =>
  (o, p: Place) => {
    aligned(o, p, 64);
    const requested = requestedOf(o);
    const used = o.let(o.and(inUse(o, false), requested));
    saveComponents(o, p, wide, onlyUsed ? used : requested);
    o.when(o.or(has(o, requested, SSE), has(o, requested, AVX)), () => area.saveMxcsr(o, p));
    o.put(word(p, XSTATE_BV), o.or(without(o, o.get(word(p, XSTATE_BV)), requested), used));
  };

/** Only what is in use, and MXCSR only with SSE state. */
const xsavec =
  (wide: boolean): Meaning =>
  (o, p: Place) => {
    aligned(o, p, 64);
    const requested = requestedOf(o);
    const used = o.let(o.and(inUse(o, true), requested));
    saveComponents(o, p, wide, used);
    o.when(has(o, used, SSE), () => area.saveMxcsr(o, p));
    o.put(word(p, XSTATE_BV), used);
    o.put(word(p, XCOMP_BV), o.or(requested, o.const(COMPACTED)));
  };

/** What the header must not have: SDM vol. 1, 13.8.1 and 13.8.2. Not zero when it does. */
function headerFaults<V>(o: Ops<V>, p: Place, states: V, components: V, compacted: V): V {
  const enabled = o.let(enabledOf(o));
  const reserved: V[] = [];
  for (let at = XCOMP_BV + 8; at < HEADER_END; at += 8) reserved.push(o.get(word(p, at)));
  const listed = o.let(without(o, components, o.const(COMPACTED)));
  const inStandard = [without(o, states, enabled), components, reserved[0]!];
  const inCompacted = [without(o, listed, enabled), without(o, states, listed), ...reserved];
  const any = (faults: V[]): V => faults.reduce((a, b) => o.or(a, b));
  return o.select(compacted, any(inCompacted), any(inStandard));
}

/** Each component asked for is loaded where XSTATE_BV has it, else reset. */
const xrstor =
  (wide: boolean): Meaning =>
  <V>(o: Ops<V>, p: Place) => {
    aligned(o, p, 64);
    const states = o.let(o.get(word(p, XSTATE_BV)));
    const components = o.let(o.get(word(p, XCOMP_BV)));
    const compacted = o.let(has(o, components, 63));
    const faults = headerFaults(o, p, states, components, compacted);
    o.when(faults, () => o.raise('protection', "the area's header has bits or bytes set that must not be"));
    const requested = requestedOf(o);
    const either = (n: number, load: () => void, reset: () => void): void => {
      const [asked, there] = [has(o, requested, n), o.let(has(o, states, n))];
      o.when(o.and(asked, there), load);
      o.when(o.and(asked, o.isZero(there)), reset);
    };
    either(
      X87,
      () => area.loadX87(o, p, wide),
      () => area.resetX87(o),
    );
    either(
      SSE,
      () => area.loadVectors(o, p, 0),
      () => area.resetVectors(o, 0),
    );
    either(
      AVX,
      () => area.loadVectors(o, p, 1),
      () => area.resetVectors(o, 1),
    );
    // In the standard format MXCSR is loaded with SSE or AVX state, whether XSTATE_BV has them or not.
    const standard = o.and(o.isZero(compacted), o.or(has(o, requested, SSE), has(o, requested, AVX)));
    const withSse = o.let(o.and(compacted, has(o, requested, SSE)));
    const there = o.let(has(o, states, SSE));
    o.when(o.or(standard, o.and(withSse, there)), () => area.loadMxcsr(o, p));
    o.when(o.and(withSse, o.isZero(there)), () => area.resetMxcsr(o));
  };

const privileged =
  (name: string): Meaning =>
  (o) =>
    o.raise('protection', `${name} is privileged`);

/** A row and its twin with REX.W. */
function both(name: string, encoding: string, meaning: (wide: boolean) => Meaning, traits: Traits = {}): Form[] {
  return [
    form(name, `NP ${encoding}`, [k.mem], meaning(false), traits),
    form(`${name}64`, `NP REX.W ${encoding}`, [k.mem], meaning(true), traits),
  ];
}

// biome-ignore format: table
export const xsave: readonly Form[] = [
  ...both('FXSAVE',  '0F AE /0', fxsave),
  ...both('FXRSTOR', '0F AE /1', fxrstor),
  ...requires('XSAVE', [
    ...both('XSAVE',    '0F AE /4', (wide) => xsaveOf(wide, false)),
    ...both('XRSTOR',   '0F AE /5', xrstor),
    ...both('XSAVEOPT', '0F AE /6', (wide) => xsaveOf(wide, true), { feature: 'XSAVEOPT' }),
    ...both('XSAVEC',   '0F C7 /4', xsavec,                      { feature: 'XSAVEC' }),
    ...both('XSAVES',   '0F C7 /5', () => privileged('XSAVES')),
    ...both('XRSTORS',  '0F C7 /3', () => privileged('XRSTORS')),
  ]),
];
