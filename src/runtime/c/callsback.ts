/** A C function that calls an exported Go function, as the wrapper that cgo generates does, and may sleep afterwards. */
import { R } from '#emu/cpu/layout.ts';
import { hex } from '../go/show.ts';
import { type Model, sites } from '../model.ts';

export interface CallsBack {
  /** How often it calls back. */
  readonly times: number;
  /** Does it sleep after each callback, still in C? */
  readonly naps?: boolean;
  /** The Go function: "_cgoexp_callback" when left out. */
  readonly target?: string;
}

/** Microseconds: long enough for sysmon to take the P away. */
const NAP = 100n;

/** int callsBack(void *arg) */
export const callsBack = ({ times, naps, target = '_cgoexp_callback' }: CallsBack): Model => ({
  name: 'callsBack',
  convention: 'C',
  frame: 0x20,
  sites: sites('crosscall2', 'usleep'),
  resultBits: 32,
  show: (f) => hex(f.reg(R.di)),
  *body(f) {
    for (let i = 0; i < times; i++) {
      f.set(0, 0n); // The packed arguments and results.
      f.setReg(R.di, f.world.addressOf(target));
      f.setReg(R.si, f.slot(0));
      f.setReg(R.dx, 8n);
      f.setReg(R.cx, 0n);
      yield { site: 'crosscall2', target: 'crosscall2', convention: 'C' };
      if (!naps) continue;
      f.setReg(R.di, NAP);
      yield { site: 'usleep', target: 'usleep', convention: 'C' };
    }
    f.setReg(R.ax, 0n);
    return '0';
  },
});
