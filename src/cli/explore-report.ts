/** What an exploration came to, for people. */
import type { Explored } from '#runtime/explore/plan.ts';
import type { Asked, Merged, RecordedFailure } from '#runtime/explore/record.ts';
import { count } from './count.ts';
import { quoted } from './quoted.ts';
import { paint } from './style.ts';

/** "retaken-p without race-after-exitsyscall" */
export const subject = ({ scenario, situation, without }: Asked): string =>
  `${scenario}${situation === undefined ? '' : ` (${situation})`}${without.length ? ` without ${without.join(', ')}` : ''}`;

/** The line that runs a schedule again. */
export function again({ scenario, situation, goroot, without, seed }: Asked, schedule: string): string {
  const flag = (name: string, value: string | undefined): string =>
    value === undefined ? '' : ` ${name} ${quoted(value)}`;
  const flags = [
    flag('--situation', situation),
    ...without.map((fix) => flag('--without', fix)),
    flag('--goroot', goroot),
    flag('--seed', seed === '0' ? undefined : seed),
  ];
  return `callgate explore ${quoted(scenario)}${flags.join('')} --schedule '${schedule}'`;
}

export function failureText(asked: Asked, f: RecordedFailure): string {
  return [
    `${paint('red', '✗')} ${f.failure}`,
    `    on ${f.schedule}   ${count(f.preemptions, 'preemption')}, ${count(f.switches, 'switch', 'switches')} in all`,
    `    again: ${again(asked, f.schedule)}`,
  ].join('\n');
}

/** How far, of what. */
function space(asked: Asked): string {
  if (asked.strategy === 'pct') return `by pct, depth ${asked.depth}`;
  if (asked.strategy !== 'exhaustive') return `by ${asked.strategy}`;
  const patience = `threads that wait passed over at most ${asked.patience} times in a row`;
  return `with at most ${count(asked.bound!, 'preemption')}, ${patience}`;
}

export function exploredText(asked: Asked, shard: string | undefined, r: Explored, seconds: string): string {
  const [runs, schedules] = [count(r.runs, 'run'), count(r.schedules, 'schedule')];
  const part = shard === undefined ? '' : `, shard ${shard}`;
  const byCost = r.byCost?.map((n, cost) => `  ${count(cost, 'preemption')}: ${count(n, 'schedule')}`) ?? [];
  return [
    `${subject(asked)}: ${space(asked)}${part}`,
    ...byCost,
    verdict(asked, schedules, `${runs}, ${seconds} s`, r, shard),
  ].join('\n');
}

function verdict(
  { strategy }: Asked,
  schedules: string,
  effort: string,
  { failures, exhausted }: Pick<Explored, 'exhausted'> & { readonly failures: readonly unknown[] },
  shard?: string,
): string {
  if (failures.length) return paint('red', `found after ${schedules} (${effort})`);
  if (exhausted) {
    const others = schedules === count(1, 'schedule') ? 'it' : 'one of them';
    // What is not in a shard may be in another.
    const rest = shard === undefined ? `; every other amounts to ${others}` : '';
    return paint('green', `exhausted, and all held: ${schedules} (${effort})${rest}`);
  }
  if (strategy === 'exhaustive')
    return `all held as far as it went, but not exhausted: ${schedules} (${effort}); a larger --budget goes further`;
  return paint('green', `all held: ${schedules} (${effort})`);
}

export function mergedText(m: Merged): string {
  const lines = [
    `${subject(m.asked)}: ${space(m.asked)}, ${count(m.shards, 'shard')}`,
    verdict(m.asked, count(m.schedules, 'schedule'), count(m.runs, 'run'), m),
  ];
  if (m.unaware.length) {
    const shards = m.unaware.map((index) => `${index}/${m.shards}`).join(', ');
    lines.push(
      `note: other shards met shared words that ${shards} did not know of; explore ${m.unaware.length === 1 ? 'it' : 'them'} again with --known and the files of all`,
    );
  }
  return [...m.failures.map((f) => failureText(m.asked, f)), ...lines].join('\n');
}
