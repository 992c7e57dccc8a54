// Bundles callgate and the benchmark, and runs the benchmark: npm run bench -- --help
import '../scripts/build.mjs';
import { chdir } from 'node:process';
import { build } from 'rolldown';

chdir(new URL('..', import.meta.url).pathname);
await build({
  input: { bench: 'bench/main.ts' },
  platform: 'node',
  external: [/^node:/, 'commander', 'iced-x86', 'koffi'],
  output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'bench-[name].js' },
});
await import('../dist/bench.js');
