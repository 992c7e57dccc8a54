/** Who is measured: one line each. A line here, and it is in every table. */
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { jit } from '#emu/engine/jit/jit.ts';
import { buildLoad, buildTool } from './build.ts';
import { inside } from './inside.ts';
import { nothing } from './loads.ts';
import { outside } from './outside.ts';
import { firstLine, run } from './process.ts';
import type { Subject } from './subject.ts';
import { unicornJs } from './unicorn-js.ts';

const callgate = (engine: string): readonly string[] => [
  process.execPath,
  'dist/callgate.js',
  'exec',
  '--engine',
  engine,
];
/** unicorn.c says: seconds, instructions hooked, version. */
const unicornClock = (note: string): number => Number(note.split(' ')[0]);

interface Known {
  readonly subjects: readonly Subject[];
  /** Peers that are not installed, and how to have them. */
  readonly missing: readonly string[];
  /** Of the peers that are. */
  readonly versions: readonly string[];
}

export async function allSubjects(): Promise<Known> {
  const unicorn = buildTool('unicorn', 'unicorn');
  const qemuVersion = firstLine('qemu-x86_64', '--version');
  const hasQemu = qemuVersion !== undefined;
  const script = await unicornJs();
  // biome-ignore format: table
  const subjects: readonly (Subject | undefined)[] = [
    outside({ name: 'native', command: [] }),
    hasQemu ? outside({ name: 'qemu-user', command: ['qemu-x86_64'] }) : undefined,
    unicorn ? outside({ name: 'unicorn', command: [unicorn, 'plain'], clock: unicornClock }) : undefined,
    unicorn ? outside({ name: 'unicorn hook', role: 'traced', command: [unicorn, 'hook'], clock: unicornClock }) : undefined,
    unicorn ? outside({ name: 'unicorn registers', role: 'traced', command: [unicorn, 'registers'], clock: unicornClock }) : undefined,
    script,
    inside('jit', 'plain', jit()),
    outside({ name: 'jit process', ours: true, command: callgate('jit') }),
    inside('jit traced', 'traced', jit()),
    inside('interp', 'plain', (parts) => new Interpreter(parts)),
    outside({ name: 'interp process', ours: true, command: callgate('interp') }),
    inside('jit steps', 'traced', jit(), 'steps'),
    inside('interp steps', 'traced', (parts) => new Interpreter(parts), 'steps'),
  ];
  const missing = [
    ...(hasQemu ? [] : ['qemu-user (apt-get install qemu-user)']),
    ...(unicorn ? [] : ['Unicorn (apt-get install libunicorn-dev)']),
    ...(script ? [] : ['unicorn.js (npm install @alexaltea/unicorn-js)']),
  ];
  const unicornVersion =
    unicorn &&
    run([unicorn, 'plain', buildLoad(nothing)])
      .note.trim()
      .split(' ')[2];
  const versions = [...(hasQemu ? [qemuVersion] : []), ...(unicornVersion ? [`Unicorn ${unicornVersion}`] : [])];
  return { versions, subjects: subjects.filter((s) => s !== undefined), missing };
}
