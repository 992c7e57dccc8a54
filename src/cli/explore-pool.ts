/** Runs on many processors: a pool of workers, started when there is enough for them to do. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import { Unrepeatable } from '#runtime/explore/steered.ts';
import type { Done, Perform, Task } from '#runtime/explore/task.ts';
import type { TrialSpec } from './explore-trial.ts';
import type { Answer } from './explore-worker.ts';
import { fail } from './fail.ts';

export interface Pool {
  readonly perform: Perform;
  readonly close: () => Promise<void>;
}

/** A worker has to read the program and assemble the stubs before its first run: not for fewer tasks than this at once. */
const ENOUGH = 4;

export function pool(spec: TrialSpec, workers: number, here: Perform): Pool {
  let started: Promise<Piscina> | undefined;
  const perform: Perform = async (tasks) => {
    if (workers === 1 || (!started && tasks.length < ENOUGH)) return here(tasks);
    started ??= start(spec, workers);
    const running = await started;
    return Promise.all(tasks.map((task) => inWorker(running, task)));
  };
  return { perform, close: async () => (await started)?.destroy() };
}

async function start(workerData: TrialSpec, workers: number): Promise<Piscina> {
  const filename = fileURLToPath(new URL('./explore-worker.js', import.meta.url));
  if (!existsSync(filename)) fail('its own explore-worker.js is missing: install callgate again, or give --workers 1');
  const { Piscina } = await import('piscina');
  return new Piscina({ filename, workerData, minThreads: workers, maxThreads: workers });
}

async function inWorker(running: Piscina, task: Task): Promise<Done> {
  const answer: Answer = await running.run(task, { name: 'answer' });
  if ('unrepeatable' in answer) throw new Unrepeatable(answer.unrepeatable);
  return answer.done;
}
