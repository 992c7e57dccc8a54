// Bundles the command line into dist/callgate.js: one file, so that a cold start reads one file.
import { build } from 'rolldown';

await build({
  input: { callgate: 'src/cli/main.ts' },
  platform: 'node',
  external: [/^node:/, 'commander', 'koffi'],
  output: { dir: 'dist', format: 'esm', banner: '#!/usr/bin/env node', cleanDir: true },
});
