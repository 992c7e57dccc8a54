// Bundles a TypeScript program of this repository and runs it: node scripts/run.mjs FILE.ts [ARGUMENTS…]
import { argv, chdir } from 'node:process';
import { build } from 'rolldown';

chdir(new URL('..', import.meta.url).pathname);
const [program] = argv.splice(2, 1);
const file = `node_modules/.cache/callgate/${program.replaceAll('/', '-').replace(/\.ts$/, '.js')}`;
await build({
  input: program,
  platform: 'node',
  external: [/^node:/, 'koffi', '@alexaltea/unicorn-js'],
  output: { file, format: 'esm', codeSplitting: false },
  logLevel: 'warn',
});
await import(new URL(`../${file}`, import.meta.url).href);
