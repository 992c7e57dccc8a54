/** gopanic: what is deferred runs, newest first, until a deferred call recovers or nothing is left. runtime/panic.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { defer, panic } from '../layout/go1.19.ts';
import { type View, view } from '../layout/view.ts';
import type { Body, Model } from '../model.ts';
import type { GView, World } from '../world.ts';
import { freedefer } from './defer.ts';
import { type Eface, printany, stringValue } from './eface.ts';
import { toSystem } from './exitsyscall.ts';
import { hex } from './show.ts';

export type PanicView = View<keyof (typeof panic)['fields']>;
type DeferView = View<keyof (typeof defer)['fields']>;

/** The record of this panic lies in the frame, where it moves with the stack. */
const RECORD = 0x78;
/** Its pointers: argp, the two words of arg, link. */
const POINTERS = [0, 8, 16, 24].map((at) => RECORD + at);

/** panic(text), from a site. */
export function* panicWith(f: Frame, site: string, text: string): Body<never> {
  const { type, data } = stringValue(f.world, text);
  f.setReg(R.ax, type);
  f.setReg(R.bx, data);
  yield { site, target: 'runtime.gopanic', convention: 'ABIInternal' };
  throw new Error('gopanic has returned');
}

/** What a panic was called with. */
export const valueOfPanic = (world: World, { arg }: PanicView): Eface => {
  const { mem } = world.machine;
  return { type: mem.peek(arg, 8), data: mem.peek(arg + 8n, 8) };
};

/** func gopanic(e any) */
export const gopanic: Model = {
  name: 'runtime.gopanic',
  convention: 'ABIInternal',
  file: 'runtime/panic.go',
  frame: 0xb0,
  spills: 'pp',
  sites: {
    fn: 'd.fn()',
    recovery: 'gp.sigcode1 = pc\n\t\t\tmcall(recovery)',
    fatalpanic: 'fatalpanic(gp._panic)',
  },
  live: { '*': { args: [0, 8], locals: POINTERS } },
  show: (f) => `${hex(f.reg(R.ax))}, ${hex(f.reg(R.bx))}`,
  *body(f) {
    const { world, g } = f;
    const e = { type: f.reg(R.ax), data: f.reg(R.bx) };
    f.setArg(0, 8, e.type);
    f.setArg(8, 8, e.data);
    refuse(f, e);
    const p = (): PanicView => view(f.mem, panic, f.slot(RECORD));
    f.mem.pokeBytes(f.slot(RECORD), new Uint8Array(panic.size));
    f.mem.poke(p().arg, 8, e.type);
    f.mem.poke(p().arg + 8n, 8, e.data);
    p().link = g._panic;
    g._panic = p().at;
    for (let at = g._defer; at !== 0n; at = g._defer) {
      const d = view(f.mem, defer, at);
      if (d.started !== 0n) {
        takeOver(f, g, d);
        continue;
      }
      // It stays in the list while it runs: a stack that moves takes it along, a new panic finds it.
      d.started = 1n;
      d._panic = p().at;
      // Whoever has these arguments has been called by us: what recover goes by.
      p().argp = f.sp;
      f.setReg(R.dx, d.fn);
      yield { site: 'fn', target: f.mem.read(d.fn, 8), convention: 'ABIInternal' };
      p().argp = 0n;
      if (g._defer !== at) world.throw('bad defer entry in panic');
      d._panic = 0n;
      const { pc, sp } = d;
      [d.fn, g._defer] = [0n, d.link];
      freedefer(f, d);
      if (p().recovered === 0n) continue;
      g._panic = p().link;
      dropAborted(f, g);
      [g.sigcode0, g.sigcode1] = [sp, pc];
      yield* toSystem(f, 'recovery', 'runtime.recovery');
      world.throw('recovery failed');
    }
    f.setReg(R.ax, g._panic);
    yield { site: 'fatalpanic', target: 'runtime.fatalpanic', convention: 'ABIInternal' };
    return undefined;
  },
};

/** Where nothing may panic. */
function refuse({ world, mem, g, m }: Frame, e: Eface): void {
  const no = (message: string, reason = ''): never => {
    world.print('panic: ');
    printany(world, e);
    world.print(`\n${reason}`);
    return world.throw(message);
  };
  if (m.curg !== g.at) no('panic on system stack');
  if (m.mallocing !== 0n) no('panic during malloc');
  const off = mem.peek(m.preemptoff + 8n, 8);
  if (off !== 0n) {
    const why = new TextDecoder().decode(mem.peekBytes(mem.peek(m.preemptoff, 8), Number(off)));
    no('panic during preemptoff', `preempt off reason: ${why}\n`);
  }
  if (m.locks !== 0n) no('panic holding locks');
}

/** A deferred call has panicked itself: the panic that made it will not go on, and the call is not made again. */
function takeOver(f: Frame, g: GView, d: DeferView): void {
  if (d._panic !== 0n) view(f.mem, panic, d._panic).aborted = 1n;
  [d._panic, d.fn, g._defer] = [0n, 0n, d.link];
  freedefer(f, d);
}

function dropAborted({ mem }: Frame, g: GView): void {
  for (let p = view(mem, panic, g._panic); p.at !== 0n && p.aborted !== 0n; p = view(mem, panic, g._panic)) {
    g._panic = p.link;
  }
  if (g._panic === 0n) g.sig = 0n;
}
