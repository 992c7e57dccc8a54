/** A run for programs: one JSON object per event and line, addresses and values as hex strings. */
import { goRegister, print } from '../decode/print.ts';
import { flagsOf, vectorName } from '../engine/engine.ts';
import type { Symbols } from '../symbols.ts';
import type { Ending, Event } from './event.ts';
import { baseName, hex, hexBytes } from './text.ts';

export function traceJson(e: Event, symbols: Symbols): string {
  return JSON.stringify(record(e, symbols));
}

function record(e: Event, symbols: Symbols): object {
  switch (e.kind) {
    case 'insn':
      return instruction(e, symbols);
    case 'syscall':
      return { kind: e.kind, number: e.number, name: e.name, text: e.text, injected: e.injected };
    case 'enter':
      return {
        kind: e.kind,
        name: e.name,
        convention: e.convention,
        args: e.args,
        rsp: hex(e.rsp),
        rspMod16: Number(e.rsp % 16n),
      };
    case 'leave':
      return {
        kind: e.kind,
        name: e.name,
        convention: e.convention,
        result: e.result,
        junk: Object.fromEntries(e.junk.map((j) => [j.register, hex(j.value)])),
      };
    case 'call':
      return {
        kind: e.kind,
        from: e.from,
        to: symbols.nameOf(e.to) ?? hex(e.to),
        convention: e.convention,
        rsp: hex(e.slot),
        rspMod16: Number(e.slot % 16n),
        returnTo: hex(e.returnTo),
      };
    case 'return':
      return { kind: e.kind, to: e.to, convention: e.convention };
    case 'output':
      return { kind: e.kind, fd: e.fd, text: new TextDecoder().decode(e.bytes) };
    case 'moved':
      return { kind: e.kind, from: hex(e.from), size: hex(e.size), delta: hex(e.delta) };
    case 'thread':
      return { kind: e.kind, from: e.from, to: e.to, tid: e.tid };
    case 'stack':
      return { kind: e.kind, from: e.from, to: e.to, rsp: hex(e.rsp) };
    case 'end':
      return { kind: e.kind, ending: endingRecord(e.ending) };
  }
}

function instruction(e: Event & { kind: 'insn' }, symbols: Symbols): object {
  const { insn, gprs, vectors, others, stores } = e.step;
  const line = symbols.lineOf(insn.address);
  const registers = [
    ...gprs.map(([n, v]) => [goRegister(n), hex(v)]),
    ...vectors.map(([n, v]) => [vectorName(n), hex(v)]),
    ...others.map(([name, v]) => [name, hex(v)]),
  ];
  return {
    kind: 'insn',
    n: e.n,
    ...(e.step.unfinished ? { unfinished: true } : {}),
    address: hex(insn.address),
    symbol: symbols.nameOf(insn.address) ?? '',
    source: line ? `${baseName(line.file)}:${line.line}` : '',
    bytes: hexBytes(insn.bytes, ''),
    text: print(insn, symbols.nameOf),
    rspMod16: Number(e.rsp % 16n),
    registers: Object.fromEntries(registers),
    flags: Object.fromEntries(flagsOf(e.step).map(([f, on]) => [f, on ? 1 : 0])),
    memory: stores.map((s) => ({ address: hex(s.address), size: s.size, value: hex(s.value) })),
  };
}

function endingRecord(e: Ending): object {
  if (e.kind !== 'signal') return e;
  const { kind, signal, detail, fault } = e;
  const shown = fault?.kind === 'page' ? { ...fault, address: hex(fault.address) } : fault;
  return { kind, signal, detail, ...(shown && { fault: shown }) };
}
