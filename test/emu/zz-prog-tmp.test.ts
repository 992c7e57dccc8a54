/** tmp */
import { readFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { test } from 'vitest';
import { execFileSync, spawnSync } from 'node:child_process';
import { Interpreter } from '../../src/emu/engine/interp/interp.ts';
import { Jit } from '../../src/emu/engine/jit/jit.ts';
import { loadProgram } from '../../src/emu/program.ts';
import { BUILDS, compile, programs } from './programs/compile.ts';
const dir = mkdtempSync(join(tmpdir(), 'zz-'));
test('p', () => {
  const only = new RegExp(process.env.ONLY ?? '.');
  for (const build of Object.keys(BUILDS) as (keyof typeof BUILDS)[]) for (const name of ['sha256', 'sort', 'doubles', 'strings', 'stack']) {
    if (!only.test(`${build} ${name}`)) continue;
    const path = join(dir, `${name}-${build.replace(/ /g, '-')}`);
    compile(join(programs, `${name}.c`), path, BUILDS[build]);
    const native = spawnSync(path, [], { env: {} });
    for (const [en, make] of [['interp', (p: any) => new Interpreter(p)], ['jit', (p: any) => (j = new Jit(p))]] as const) {
      let j: Jit | undefined;
      const out: Uint8Array[] = [];
      const m = loadProgram(readFileSync(path), { path, args: [path], env: [], random: new Uint8Array(16) }, { engine: make as never, output: (_f, b) => out.push(b) });
      const t = performance.now();
      let e; try { e = m.run(3_000_000_000); } catch (x) { console.log(build, name, en, 'THROWN', (x as Error).stack?.slice(0, 500)); continue; }
      const dt = performance.now() - t;
      const same = Buffer.concat(out).equals(native.stdout);
      console.log(build, name, en, JSON.stringify(e).slice(0, 150), same ? 'SAME' : 'DIFFERENT', m.retired, (m.retired / dt / 1000).toFixed(1), 'M/s', j ? JSON.stringify(j) : '');
    }
  }
}, 1e6);
let j: Jit | undefined;
