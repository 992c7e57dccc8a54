/** Processes, measured from outside: time, largest memory, exit status, output. */
import { spawnSync } from 'node:child_process';
import { buildTool } from './build.ts';

export interface Ran {
  readonly seconds: number;
  /** Peak resident memory, KiB. */
  readonly rss: number;
  readonly status: number;
  readonly out: string;
  /** What it wrote to descriptor 3. */
  readonly note: string;
}

let spawnTool: string | undefined;

/** Throws when the command cannot be started. */
export function run(command: readonly string[]): Ran {
  spawnTool ??= buildTool('spawn');
  if (!spawnTool) throw new Error('bench/spawn.c does not compile here');
  const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'];
  const { output, status, error } = spawnSync(spawnTool, command, { stdio, maxBuffer: 1 << 28, encoding: 'utf8' });
  const [, out, err, note, figures] = output ?? [];
  if (error || status !== 0) throw new Error(`${command.join(' ')}: ${error?.message ?? err}`);
  const [seconds, rss, exit] = figures!.split(' ').map(Number);
  if (exit === 127) throw new Error(`${command[0]}: not found`);
  return { seconds: seconds!, rss: rss!, status: exit!, out: out!, note: note! };
}

/** Seconds of a command that has to succeed. */
export function timed(command: readonly string[]): number {
  const { seconds, status } = run(command);
  if (status !== 0) throw new Error(`${command.join(' ')}: exit status ${status}`);
  return seconds;
}

/** The first line of a command's output, or undefined when there is no such command. */
export function firstLine(...command: string[]): string | undefined {
  try {
    return run(command).out.split('\n')[0];
  } catch {
    return undefined;
  }
}
