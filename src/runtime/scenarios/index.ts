/** Every scenario there is, in the order they are shown. */
import type { Scenario } from '../scenario.ts';
import { asmcgocall, asmcgocallNoG, callback, callbackThread, movingStack, savedContext } from './cgocall.ts';
import { allocator, badSystemstack, mmapScenario, mmapSyscall, munmapScenario, munmapSyscall } from './memory.ts';
import { sigaction } from './sigaction.ts';
import { mcall, mcallOnG0 } from './switch.ts';

export const scenarios: readonly Scenario[] = [
  mmapScenario,
  munmapScenario,
  mmapSyscall,
  munmapSyscall,
  allocator,
  badSystemstack,
  sigaction,
  asmcgocall,
  asmcgocallNoG,
  movingStack,
  savedContext,
  callback,
  callbackThread,
  mcall,
  mcallOnG0,
];
