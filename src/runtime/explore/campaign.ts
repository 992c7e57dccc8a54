/** Many schedules by chance or by rule, numbered; a shard runs every so-manieth. */
import { Found } from './found.ts';
import { type Explored, inTasks, ROUND, type SamplePlan } from './plan.ts';
import type { Sampling, Task } from './task.ts';

export async function campaign(plan: SamplePlan): Promise<Explored> {
  const { shard, budget, perform, progress, all } = plan;
  const mine = Math.max(0, Math.ceil((budget - (shard.index - 1)) / shard.of));
  const found = new Found();
  let runs = 0;
  while (runs < mine && (all || !found.all.length)) {
    const round = Array.from(
      { length: Math.min(ROUND, mine - runs) },
      (_, i) => (runs + i) * shard.of + shard.index - 1,
    );
    const tasks = inTasks(round).map((numbers): Task => ({ kind: 'samples', sampling: sampling(plan), numbers }));
    const done = await perform(tasks);
    for (const { failed } of done.flatMap((d) => d.ran)) if (failed) found.add(failed);
    runs += round.length;
    progress?.({ runs, waiting: mine - runs });
  }
  return { runs, schedules: runs, exhausted: false, failures: found.all };
}

function sampling({ strategy, seed, depth, length }: SamplePlan): Sampling {
  if (strategy === 'round-robin') return { strategy };
  return strategy === 'random' ? { strategy, seed } : { strategy, seed, depth, length };
}
