/** callgate list: what there is to run and to rely on. */
import { topicNames } from '../choices.ts';
import { fail } from '../fail.ts';
import { output } from '../output.ts';
import { paint } from '../style.ts';
import { table } from '../table.ts';

type Records = readonly Readonly<Record<string, string | number | boolean | readonly string[]>>[];

const topics: Readonly<Record<(typeof topicNames)[number], () => Promise<Records>>> = {
  async scenarios() {
    const { scenarios } = await import('#runtime/scenarios/index.ts');
    return scenarios.map(({ name, stubs, stacks, situations, threads, why }) => ({
      name,
      threads: threads ? 'several' : 'one',
      stacks,
      why,
      stubs,
      situations: situations.map((s) => s.name),
    }));
  },
  async checks() {
    const [emu, runtime] = await Promise.all([import('#emu/check/index.ts'), import('#runtime/check/index.ts')]);
    return [...emu.checkers, ...runtime.invariants].map(({ name, because }) => ({ name, because }));
  },
  async fixes() {
    const { fixes } = await import('#runtime/fixes.ts');
    return fixes.map(({ name, mends, since, commit, what }) => ({ name, mends: mends ?? '', since, commit, what }));
  },
  async syscalls() {
    const { coverage } = await import('#emu/linux/table.ts');
    return coverage().map(({ number, name, level, note }) => ({ number, name, level, note: note ?? '' }));
  },
  async instructions() {
    const { formsNamed, mnemonics } = await import('#emu/isa/forms/index.ts');
    return mnemonics().map((name) => {
      const rows = formsNamed(name);
      return { name, forms: rows.length, executes: rows.every((r) => r.meaning) ? 'yes' : 'no' };
    });
  },
};

/** Lists too long for a line of a table. */
const ONLY_JSON: ReadonlySet<string> = new Set(['stubs', 'situations']);

export async function list(asked: string, options: { json?: boolean }): Promise<number> {
  const topic = topicNames.find((t) => t === asked) ?? fail(`list ${asked}: give one of ${topicNames.join(', ')}`);
  const records = await topics[topic]();
  const print = output();
  if (options.json) {
    print(JSON.stringify(records, undefined, 2));
    print.flush();
    return 0;
  }
  const columns = Object.keys(records[0] ?? {}).filter((c) => !ONLY_JSON.has(c));
  const text = (v: unknown): string => (Array.isArray(v) ? v.join(' ') : String(v));
  const head = columns.map((c) => ({ text: c.toUpperCase(), paint: (t: string) => paint('bold', t) }));
  print(table([head, ...records.map((r) => columns.map((c) => text(r[c])))]));
  print.flush();
  return 0;
}
