/** gcc, as the programs of this folder want it: no C library, nothing dynamic. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

export const gcc = ['/usr/bin/gcc', '/usr/local/bin/gcc'].find((p) => existsSync(p));
export const isLinux = process.arch === 'x64' && process.platform === 'linux';
export const missingGcc = 'needs an x86-64 Linux host with gcc';
export const hasGcc = isLinux && gcc !== undefined;

/** Where start.h is. */
export const programs = resolve('test/emu/programs');

// biome-ignore format: table
const FREESTANDING = [
  '-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fno-asynchronous-unwind-tables', '-fcf-protection=none', '-Wall', '-Wextra', '-Werror',
];

/** Compile one file; `flags` say how. gcc's own words are the error. */
export function compile(source: string, output: string, flags: readonly string[]): void {
  const all = [...FREESTANDING, `-I${programs}`, ...flags, source, '-o', output];
  execFileSync(gcc!, all, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** The ways in which every program is compiled. */
// biome-ignore format: table
export const BUILDS = {
  'O0':         ['-O0', '-static', '-fno-pie'],
  'O2':         ['-O2', '-static', '-fno-pie'],
  'O2 v3':      ['-O2', '-static', '-fno-pie', '-march=x86-64-v3'],
  'O2 pie':     ['-O2', '-static-pie', '-fPIE'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
