/** entersyscall: the goroutine goes where no Go code runs; its P may be taken away meanwhile. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from '../model.ts';

/** func entersyscall(): into the system call of whoever called it. */
export const entersyscall: Model = {
  name: 'runtime.entersyscall',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x10,
  nosplit: true,
  sites: { reentersyscall: 'reentersyscall(getcallerpc(), getcallersp())' },
  *body(f) {
    f.setReg(R.ax, f.mem.read(f.entry, 8));
    f.setReg(R.bx, f.entry + 8n);
    yield { site: 'reentersyscall', target: 'runtime.reentersyscall', convention: 'ABIInternal' };
    return undefined;
  },
};
