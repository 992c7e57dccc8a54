/** Every scenario there is, in the order they are shown. */
import type { Scenario } from '../scenario.ts';
import { asmcgocall, asmcgocallNoG, callback, callbackThread, movingStack, savedContext } from './cgocall.ts';
import { gcAtEverySite, stwDuringC } from './gc-at-every-site.ts';
import { growthAtEverySite } from './growth-at-every-site.ts';
import { allocator, badSystemstack, mmapScenario, mmapSyscall, munmapScenario, munmapSyscall } from './memory.ts';
import { mmapFails, munmapFails } from './memory-fails.ts';
import { msanCallbackResult } from './msan-callback-result.ts';
import { munmapIntercepted } from './munmap-intercepted.ts';
import { nestedCallbacks } from './nested-callbacks.ts';
import { panicOutOfCallback } from './panic-out-of-callback.ts';
import { retakeAtEveryInstruction, retakeAtEveryInstructionBefore } from './retake-at-every-instruction.ts';
import { retakenP, retakenPOldp } from './retaken-p.ts';
import { sigaction } from './sigaction.ts';
import { mcall, mcallOnG0 } from './switch.ts';
import { syscallFrame, syscallFrameScanned } from './syscall-frame.ts';
import { undeadArgs } from './undead-args.ts';

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
  undeadArgs,
  nestedCallbacks,
  growthAtEverySite,
  mmapFails,
  munmapFails,
  panicOutOfCallback,
  gcAtEverySite,
  stwDuringC,
  retakeAtEveryInstruction,
  retakeAtEveryInstructionBefore,
  syscallFrame,
  syscallFrameScanned,
  msanCallbackResult,
  munmapIntercepted,
  retakenP,
  retakenPOldp,
];
