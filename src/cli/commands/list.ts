/** callgate list: what there is to run and to rely on. */
import { checkers } from '#emu/check/index.ts';
import { formsNamed, mnemonics } from '#emu/isa/forms/index.ts';
import { coverage } from '#emu/linux/table.ts';
import { invariants } from '#runtime/check/index.ts';
import { fixes } from '#runtime/fixes.ts';
import { scenarios } from '#runtime/scenarios/index.ts';
import { fail } from '../fail.ts';
import { output } from '../output.ts';
import { paint } from '../style.ts';
import { table } from '../table.ts';

type Records = readonly Readonly<Record<string, string | number | boolean | readonly string[]>>[];

const topics: Readonly<Record<string, () => Records>> = {
  scenarios: () => scenarios.map(({ name, stubs, stacks, why }) => ({ name, why, stubs, stacks })),
  checks: () => [...checkers, ...invariants].map(({ name, because }) => ({ name, because })),
  fixes: () => fixes.map(({ name, mends, since, commit, what }) => ({ name, mends: mends ?? '', since, commit, what })),
  syscalls: () => coverage().map(({ number, name, level, note }) => ({ number, name, level, note: note ?? '' })),
  instructions: () =>
    mnemonics().map((name) => {
      const rows = formsNamed(name);
      return { name, forms: rows.length, executes: rows.every((r) => r.meaning) ? 'yes' : 'no' };
    }),
};
export const topicNames = Object.keys(topics);

export function list(topic: string, options: { json?: boolean }): number {
  const records = topics[topic]?.() ?? fail(`list ${topic}: give one of ${topicNames.join(', ')}`);
  const print = output();
  if (options.json) {
    print(JSON.stringify(records, undefined, 2));
    print.flush();
    return 0;
  }
  const columns = Object.keys(records[0] ?? {});
  const text = (v: unknown): string => (Array.isArray(v) ? v.join(' ') : String(v));
  const head = columns.map((c) => ({ text: c.toUpperCase(), paint: (t: string) => paint('bold', t) }));
  print(table([head, ...records.map((r) => columns.map((c) => text(r[c])))]));
  print.flush();
  return 0;
}
