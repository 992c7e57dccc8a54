/** Subjects that are processes: the host's CPU, qemu-user, Unicorn from C, and our own command line. */
import { type Ran, run } from './process.ts';
import { calibrate, type Program, type Role, type Sample, type Subject } from './subject.ts';

interface Outside {
  readonly name: string;
  /** Ours are measured warm inside (inside.ts): their start-up varies by more than some loads take. */
  readonly ours?: boolean;
  readonly role?: Role;
  readonly command: readonly string[];
  /** Its own clock's seconds, from what it wrote to descriptor 3; without one, start-up is measured and taken off. */
  readonly clock?: (note: string) => number;
}

/** Our processes get so many times the work: a good part of a short one is node's start. */
const PROCESS = 4;

export function outside({ name, ours = false, role = 'plain', command, clock }: Outside): Subject {
  const execute = (path: string, repeats: number) => {
    const ran = run([...command, path, String(repeats)]);
    if (ran.status !== 0) throw new Error(`exit status ${ran.status}`);
    return ran;
  };
  const prepare = (program: Program, seconds: number) => {
    const { path, fixed, each } = program;
    const expected = run([path, '2']).out;
    if (execute(path, 2).out !== expected) throw new Error('gives another result than the host');
    // Close together, so that both meet the same state of the host.
    const timed = (n: number): { ran: Ran; start: number; warm: number } => {
      const start = clock ? 0 : execute(path, 0).seconds;
      const ran = execute(path, n);
      return { ran, start, warm: clock ? clock(ran.note) : ran.seconds - start };
    };
    const repeats = calibrate(ours ? PROCESS * seconds : seconds, (n) => timed(n).warm, timed(0).start / 2);
    const instructions = each * repeats;
    return (): Sample => {
      const { ran, warm } = ours ? { ran: execute(path, repeats), warm: undefined } : timed(repeats);
      const whole = (fixed + instructions) / ran.seconds;
      return { whole, rss: ran.rss, ...(warm !== undefined && { warm: instructions / warm }) };
    };
  };
  return { name, ours, role, prepare };
}
