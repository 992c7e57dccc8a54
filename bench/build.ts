/** Compiles what is measured and what measures. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BUILDS, compile, gcc } from '../test/emu/programs/compile.ts';
import type { Load } from './loads.ts';

const dir = mkdtempSync(join(tmpdir(), 'callgate-bench-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));

/** Static and freestanding, so that every engine runs the same file. */
export function buildLoad(load: Load): string {
  const path = join(dir, load.name);
  compile(load.source, path, BUILDS.O2);
  return path;
}

/** A program of ours for the host; undefined when it needs a library that is not here. */
export function buildTool(name: 'spawn' | 'unicorn', ...libraries: string[]): string | undefined {
  const path = join(dir, `${name}-tool`);
  const source = resolve('bench', `${name}.c`);
  try {
    execFileSync(gcc!, ['-O2', '-Wall', '-Werror', source, '-o', path, ...libraries.map((l) => `-l${l}`)], {
      stdio: 'pipe',
    });
  } catch {
    return undefined;
  }
  return path;
}
