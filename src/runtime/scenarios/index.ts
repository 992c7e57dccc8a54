/** Every scenario there is, in the order they are shown. */
import type { Scenario } from '../scenario.ts';
import { asmcgocall, callback, callbackThread } from './cgocall.ts';
import { allocator, mmapScenario, mmapSyscall, munmapScenario, munmapSyscall } from './memory.ts';
import { sigaction } from './sigaction.ts';
import { mcall } from './switch.ts';

export const scenarios: readonly Scenario[] = [
  mmapScenario,
  munmapScenario,
  mmapSyscall,
  munmapSyscall,
  allocator,
  sigaction,
  asmcgocall,
  callback,
  callbackThread,
  mcall,
];
