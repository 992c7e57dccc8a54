/** What one shard explored, as a line of NDJSON, and many such lines as one result. */
import { kindOf } from './found.ts';
import { Words, type WordUse } from './words.ts';

/** What was asked for: the same for all shards of one exploration. */
export interface Asked {
  readonly scenario: string;
  readonly situation?: string;
  readonly goroot?: string;
  readonly without: readonly string[];
  readonly strategy: string;
  readonly seed: string;
  readonly bound?: number;
  readonly patience?: number;
  readonly depth?: number;
  readonly budget?: number;
}

export interface RecordedFailure {
  readonly failure: string;
  /** To be replayed, as a line. */
  readonly schedule: string;
  readonly preemptions: number;
  readonly switches: number;
}

export interface ExploreRecord {
  readonly callgate: 'explore';
  readonly asked: Asked;
  readonly shard: { readonly index: number; readonly of: number };
  readonly schedules: number;
  readonly runs: number;
  readonly exhausted: boolean;
  readonly failures: readonly RecordedFailure[];
  readonly uses?: readonly WordUse[];
}

export interface Merged {
  readonly asked: Asked;
  readonly shards: number;
  readonly schedules: number;
  readonly runs: number;
  readonly exhausted: boolean;
  /** Shards that went by too few shared words: each was exhausted, but not all schedules were among theirs. */
  readonly unaware: readonly number[];
  /** The simplest of each kind. */
  readonly failures: readonly RecordedFailure[];
}

/** Records that are none, or do not belong together. The message is one line. */
export class BadRecords extends Error {
  override readonly name = 'BadRecords';
}

/** The records among the lines of a file. `name` is the file's, for messages. */
export function parseRecords(name: string, text: string): ExploreRecord[] {
  const records = text.split('\n').flatMap((line, i) => (line.trim() ? [parseRecord(`${name}:${i + 1}`, line)] : []));
  if (!records.length) throw new BadRecords(`${name}: is empty; give it what callgate explore --ndjson printed`);
  return records;
}

function parseRecord(where: string, line: string): ExploreRecord {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (!isRecord(value)) throw new BadRecords(`${where}: is not a line of callgate explore --ndjson`);
  return value;
}

function isRecord(value: unknown): value is ExploreRecord {
  const r = value as Partial<ExploreRecord> | null | undefined;
  return (
    r?.callgate === 'explore' &&
    isAsked(r.asked) &&
    isShard(r.shard) &&
    isCount(r.schedules) &&
    isCount(r.runs) &&
    typeof r.exhausted === 'boolean' &&
    Array.isArray(r.failures) &&
    r.failures.every(isFailure) &&
    (r.uses === undefined || (Array.isArray(r.uses) && r.uses.every(isUse)))
  );
}

const isAsked = (a: Partial<Asked> | undefined): boolean =>
  [a?.scenario, a?.strategy, a?.seed].every((text) => typeof text === 'string') &&
  Array.isArray(a?.without) &&
  a.without.every((fix) => typeof fix === 'string') &&
  (a.strategy !== 'exhaustive' || (isCount(a.bound) && isCount(a.patience)));
const isFailure = (f: Partial<RecordedFailure> | null): boolean =>
  typeof f?.failure === 'string' && typeof f.schedule === 'string' && isCount(f.preemptions) && isCount(f.switches);
const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
const isUse = (use: unknown): use is WordUse =>
  Array.isArray(use) && Number.isFinite(use[0]) && Number.isInteger(use[1]) && Number.isInteger(use[2]);
const isShard = (s: Partial<ExploreRecord['shard']> | undefined): boolean =>
  isCount(s?.index) && isCount(s.of) && s.index >= 1 && s.index <= s.of;

/** The whole, from all of its shards. */
export function mergeResults(records: readonly ExploreRecord[]): Merged {
  const [first] = records;
  if (!first) throw new BadRecords('no records to merge');
  mustBelongTogether(records, first);
  const words = new Words(records.flatMap((r) => r.uses ?? []));
  const unaware = records.filter((r) => !knowsAll(r, words)).map((r) => r.shard.index);
  const sum = (of: (r: ExploreRecord) => number): number => records.reduce((n, r) => n + of(r), 0);
  return {
    asked: first.asked,
    shards: records.length,
    schedules: sum((r) => r.schedules),
    runs: sum((r) => r.runs),
    exhausted: records.every((r) => r.exhausted) && !unaware.length,
    unaware: unaware.sort((a, b) => a - b),
    failures: simplest(records.flatMap((r) => r.failures)),
  };
}

function mustBelongTogether(records: readonly ExploreRecord[], first: ExploreRecord): void {
  const asked = JSON.stringify(first.asked);
  const { of } = first.shard;
  const name = ({ index }: ExploreRecord['shard']): string => `${index}/${of}`;
  const seen = new Set<number>();
  for (const { asked: theirs, shard } of records) {
    if (JSON.stringify(theirs) !== asked || shard.of !== of) {
      throw new BadRecords(
        `shard ${shard.index}/${shard.of} is of another exploration than shard ${name(first.shard)}`,
      );
    }
    if (seen.has(shard.index)) throw new BadRecords(`shard ${name(shard)} is there twice`);
    seen.add(shard.index);
  }
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter((index) => !seen.has(index));
  if (!missing.length) return;
  const shown = missing.slice(0, 8).map((index) => name({ index, of }));
  const more = missing.length > shown.length ? ` and ${missing.length - shown.length} more` : '';
  throw new BadRecords(`missing: shard ${shown.join(', ')}${more}`);
}

/** A shard leaves out what no word that it knows to be shared asks for: it must know all that any of them does. */
function knowsAll({ uses }: ExploreRecord, words: Words): boolean {
  if (!uses) return true;
  const own = new Words(uses).shared;
  return [...words.shared].every(([word, writer]) => own.get(word) === writer);
}

function simplest(failures: readonly RecordedFailure[]): RecordedFailure[] {
  const byKind = new Map<string, RecordedFailure>();
  for (const f of failures) {
    const known = byKind.get(kindOf(f.failure));
    if (!known || isSimpler(f, known)) byKind.set(kindOf(f.failure), f);
  }
  return [...byKind.values()];
}

const isSimpler = (a: RecordedFailure, b: RecordedFailure): boolean =>
  a.preemptions - b.preemptions || a.switches - b.switches
    ? a.preemptions < b.preemptions || (a.preemptions === b.preemptions && a.switches < b.switches)
    : a.schedule.length < b.schedule.length;
