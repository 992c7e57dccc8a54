// Bundles the command line into dist/callgate.js, and beside it what the commands load when they run. Workers have theirs.
import { build } from 'rolldown';

const common = { platform: 'node', external: [/^node:/, 'commander', 'iced-x86', 'koffi', 'piscina'] };
const output = { dir: 'dist', format: 'esm' };

await build({
  ...common,
  input: { callgate: 'src/cli/main.ts' },
  output: { ...output, banner: '#!/usr/bin/env node', cleanDir: true },
});
await build({ ...common, input: { 'explore-worker': 'src/cli/explore-worker.ts' }, output });
