/** callgate merge: the shards of an exploration, as one result. */
import { BadRecords, type ExploreRecord, type Merged, mergeResults } from '#runtime/explore/record.ts';
import { mergedText } from '../explore-report.ts';
import { fail } from '../fail.ts';
import { output } from '../output.ts';
import { records } from './explore.ts';

/** Exit code: 0 when all held, 1 when any shard found a failure. */
export function merge(files: readonly string[], options: { readonly json?: boolean }): number {
  const merged = mergedOf(files.flatMap(records));
  const print = output();
  print(options.json ? JSON.stringify(merged, undefined, 2) : mergedText(merged));
  print.flush();
  return merged.failures.length ? 1 : 0;
}

function mergedOf(all: readonly ExploreRecord[]): Merged {
  try {
    return mergeResults(all);
  } catch (e) {
    if (e instanceof BadRecords) fail(`merge: ${e.message}`);
    throw e;
  }
}
