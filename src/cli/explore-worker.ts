/** What runs in each worker of `callgate explore`: the same trial, task after task. */
import { workerData } from 'node:worker_threads';
import { Unrepeatable } from '#runtime/explore/steered.ts';
import { type Done, perform, type Task } from '#runtime/explore/task.ts';
import { type TrialSpec, trialFrom } from './explore-trial.ts';

/** Errors lose their class on the way out of a worker. */
export type Answer = { readonly done: Done } | { readonly unrepeatable: string };

const trial = trialFrom(workerData as TrialSpec);

export function answer(task: Task): Answer {
  try {
    return { done: perform(trial, task) };
  } catch (e) {
    if (e instanceof Unrepeatable) return { unrepeatable: e.message };
    throw e;
  }
}
