/** The functions every world has, on both sides. */
import { xCgoMmap, xCgoMunmap } from './c/mmap.ts';
import { xCgoSigaction } from './c/sigaction.ts';
import { startThread, threadentry, xCgoThreadStart } from './c/thread.ts';
import { bad } from './go/bad.ts';
import { casgstatusModel } from './go/casgstatus.ts';
import { cgocall } from './go/cgocall.ts';
import { cgocallbackg } from './go/cgocallbackg.ts';
import { cgocallbackg1, cgocallbackg1Func3 } from './go/cgocallbackg1.ts';
import { copystack } from './go/copystack.ts';
import { entersyscall } from './go/entersyscall.ts';
import { exitsyscall } from './go/exitsyscall.ts';
import { exitsyscallfast } from './go/exitsyscallfast.ts';
import { fatalpanic } from './go/fatalpanic.ts';
import { collector } from './go/gc.ts';
import { gopanic } from './go/gopanic.ts';
import { unlockOSThread } from './go/lockosthread.ts';
import { sysAllocOS, sysFreeOS, sysReserveOS, sysUnusedOS } from './go/mem.ts';
import { mmap, mmapFunc1 } from './go/mmap.ts';
import { munmap, munmapFunc1 } from './go/munmap.ts';
import { dropm, needm } from './go/needm.ts';
import { newstack } from './go/newstack.ts';
import { raceModels } from './go/race.ts';
import { recovery } from './go/recovery.ts';
import { reentersyscall } from './go/reentersyscall.ts';
import { scheduler } from './go/scheduler.ts';
import type { Model } from './model.ts';

export const models: readonly Model[] = [
  xCgoMmap,
  xCgoMunmap,
  xCgoSigaction,
  mmap,
  mmapFunc1,
  munmap,
  munmapFunc1,
  sysAllocOS,
  sysReserveOS,
  sysUnusedOS,
  sysFreeOS,
  cgocall,
  entersyscall,
  reentersyscall,
  exitsyscall,
  exitsyscallfast,
  casgstatusModel,
  cgocallbackg,
  cgocallbackg1,
  cgocallbackg1Func3,
  unlockOSThread,
  needm,
  dropm,
  newstack,
  copystack,
  ...collector,
  gopanic,
  recovery,
  ...fatalpanic,
  ...raceModels,
  startThread,
  threadentry,
  xCgoThreadStart,
  ...scheduler,
  ...bad,
];
