/** What a checker is: a claim about every run, the reason for it, and a way to notice when it is broken. */

import type { Machine } from '../machine.ts';
import type { Event } from '../trace/event.ts';
import type { Provenance } from './provenance.ts';

export interface Finding {
  /** The checker's name. */
  readonly check: string;
  /** One sentence: what is wrong, with the values. */
  readonly message: string;
  /** Where it was noticed: address and, for people, its name and source line. */
  readonly pc: bigint;
  readonly at: string;
  /** How it came about: the instruction that last changed the register in question. */
  readonly cause: string | undefined;
}

/** What a checker may ask about the run so far. */
export interface Evidence {
  readonly machine: Machine;
  readonly provenance: Provenance;
  /** "runtime.callCgoMmap+0x2f (sys_linux_amd64.s:580)". */
  where(address: bigint): string;
  /** The CALL that pushed this return address: "the CALL before runtime.callCgoMmap+0x3e (sys_linux_amd64.s:585)". */
  whereCall(returnTo: bigint): string;
}

export interface Checker {
  readonly name: string;
  readonly because: string;
  /** A fresh watcher for one run: sees every event, answers with a finding or nothing. */
  start(evidence: Evidence): (e: Event) => Omit<Finding, 'check'> | undefined;
}
