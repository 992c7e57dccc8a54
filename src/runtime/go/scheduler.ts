/** The models of Go's scheduler, as far as calls of C meet it. */
import type { Model } from '../model.ts';
import { allocm } from './allocm.ts';
import { checkRunqsNoP } from './checkRunqsNoP.ts';
import { entersyscallGcwait } from './entersyscall_gcwait.ts';
import { entersyscallSysmon } from './entersyscall_sysmon.ts';
import { entersyscallblock, entersyscallblockHandoff } from './entersyscallblock.ts';
import { execute } from './execute.ts';
import { exitsyscall0 } from './exitsyscall0.ts';
import { exitsyscallfastPidle } from './exitsyscallfast_pidle.ts';
import { lockextra, newextram, oneNewExtraM } from './extram.ts';
import { findRunnable } from './findRunnable.ts';
import { futexsleep, futexwakeup } from './futex.ts';
import { gcstopm } from './gcstopm.ts';
import { goexit0, goexit1 } from './goexit.ts';
import { gopark, goready, goreadyFunc1, parkM, parkunlockC, ready } from './gopark.ts';
import { gopreemptM, gosched, goschedImpl, goschedM } from './gosched.ts';
import { handoffp } from './handoffp.ts';
import { incidlelocked } from './incidlelocked.ts';
import { lock2 } from './lock2.ts';
import { startlockedm, stoplockedm } from './lockedm.ts';
import { lockOSThreadExt, unlockOSThreadExt } from './lockosthread.ts';
import { mainFunc1, mstartm0 } from './main.ts';
import { mexit } from './mexit.ts';
import { minit } from './minit.ts';
import { mPark } from './mPark.ts';
import { mstart0, mstart1 } from './mstart.ts';
import { newm, newm1 } from './newm.ts';
import { newproc, newproc1, newprocFunc1 } from './newproc.ts';
import { notesleep, notetsleep, notetsleepInternal, notewakeup } from './note.ts';
import { preemptPark } from './preemptPark.ts';
import { resetspinning } from './resetspinning.ts';
import { retake } from './retake.ts';
import { schedule } from './schedule.ts';
import { mspinning, startm } from './startm.ts';
import { stealWork } from './stealWork.ts';
import { stopm } from './stopm.ts';
import { startTheWorldWithSema, stopTheWorldWithSema } from './stopTheWorld.ts';
import { resumeG, suspendG } from './suspendG.ts';
import { sysmon } from './sysmon.ts';
import { startTemplateThread, templateThread } from './templateThread.ts';
import { unlock2 } from './unlock2.ts';
import { wakep } from './wakep.ts';

export const scheduler: readonly Model[] = [
  allocm,
  checkRunqsNoP,
  entersyscallGcwait,
  entersyscallSysmon,
  entersyscallblock,
  entersyscallblockHandoff,
  execute,
  exitsyscall0,
  exitsyscallfastPidle,
  lockextra,
  newextram,
  oneNewExtraM,
  findRunnable,
  futexsleep,
  futexwakeup,
  gcstopm,
  goexit0,
  goexit1,
  gopark,
  goready,
  goreadyFunc1,
  parkM,
  parkunlockC,
  ready,
  gopreemptM,
  gosched,
  goschedImpl,
  goschedM,
  handoffp,
  incidlelocked,
  lock2,
  startlockedm,
  stoplockedm,
  lockOSThreadExt,
  unlockOSThreadExt,
  mainFunc1,
  mstartm0,
  mexit,
  minit,
  mPark,
  mstart0,
  mstart1,
  newm,
  newm1,
  newproc,
  newproc1,
  newprocFunc1,
  notesleep,
  notetsleep,
  notetsleepInternal,
  notewakeup,
  preemptPark,
  resetspinning,
  retake,
  schedule,
  mspinning,
  startm,
  stealWork,
  stopm,
  startTheWorldWithSema,
  stopTheWorldWithSema,
  resumeG,
  suspendG,
  sysmon,
  startTemplateThread,
  templateThread,
  unlock2,
  wakep,
];
