/** The functions every world has, on both sides. */
import { xCgoMmap, xCgoMunmap } from './c/mmap.ts';
import { xCgoSigaction } from './c/sigaction.ts';
import { bad } from './go/bad.ts';
import { cgocallbackg } from './go/cgocallbackg.ts';
import { sysAllocOS, sysFreeOS, sysReserveOS, sysUnusedOS } from './go/mem.ts';
import { mmap, mmapFunc1 } from './go/mmap.ts';
import { munmap, munmapFunc1 } from './go/munmap.ts';
import { dropm, needm } from './go/needm.ts';
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
  cgocallbackg,
  needm,
  dropm,
  ...bad,
];
