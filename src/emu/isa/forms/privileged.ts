/** What user code may not do: #GP(0), or #UD, as the CPU answers at privilege level 3 with I/O privilege 0. SDM vol. 3, 5.9. */
import { type Form, form } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning } from '../ops.ts';

const notForUsers =
  (name: string): Meaning =>
  (o) =>
    o.raise('protection', `${name} is privileged`);

/** Elsewhere than in the kernel, or in system management, these do not even exist. */
const unknownToUsers = (name: string, encoding: string): Form =>
  form(name, encoding, [], (o) => o.raise('undefined', `${name} is privileged`));

const row = (name: string, encoding: string, ...operands: readonly k.OperandKind[]): Form =>
  form(name, encoding, operands, notForUsers(name));

// biome-ignore format: table
export const privileged: readonly Form[] = [
  unknownToUsers('MONITOR', '0F 01 C8'),
  unknownToUsers('MWAIT',   '0F 01 C9'),
  unknownToUsers('CLAC',    'NP 0F 01 CA'),
  unknownToUsers('STAC',    'NP 0F 01 CB'),
  unknownToUsers('RSM',     '0F AA'),
  row('HLT',     'F4'),
  row('CLI',     'FA'),
  row('STI',     'FB'),
  row('INB',     'E4 ib',       k.any8),
  row('INW',     '66 E5 ib',    k.any8),
  row('INL',     'E5 ib',       k.any8),
  row('INB',     'EC'),
  row('INW',     '66 ED'),
  row('INL',     'ED'),
  row('OUTB',    'E6 ib',       k.any8),
  row('OUTW',    '66 E7 ib',    k.any8),
  row('OUTL',    'E7 ib',       k.any8),
  row('OUTB',    'EE'),
  row('OUTW',    '66 EF'),
  row('OUTL',    'EF'),
  row('INSB',    '6C'),
  row('INSW',    '66 6D'),
  row('INSL',    '6D'),
  row('OUTSB',   '6E'),
  row('OUTSW',   '66 6F'),
  row('OUTSL',   '6F'),

  row('LLDT',    '0F 00 /2',    k.rm16),
  row('LTR',     '0F 00 /3',    k.rm16),
  row('LGDT',    '0F 01 /2',    k.mem),
  row('LIDT',    '0F 01 /3',    k.mem),
  row('LMSW',    '0F 01 /6',    k.rm16),
  row('INVLPG',  '0F 01 /7',    k.mem),
  row('XSETBV',  'NP 0F 01 D1'),
  row('SWAPGS',  '0F 01 F8'),
  row('CLTS',    '0F 06'),
  row('SYSRET',  '0F 07'),
  row('INVD',    '0F 08'),
  row('WBINVD',  '0F 09'),
  row('WRMSR',   '0F 30'),
  row('RDMSR',   '0F 32'),
  row('RDPMC',   '0F 33'),
  row('SYSEXIT', '0F 35'),
  row('SYSEXIT64', 'REX.W 0F 35'),
  row('MOVQ',    '0F 20 /r',    k.r64Rm, k.creg),
  row('MOVQ',    '0F 22 /r',    k.creg, k.r64Rm),
  row('MOVQ',    '0F 21 /r',    k.r64Rm, k.dreg),
  row('MOVQ',    '0F 23 /r',    k.dreg, k.r64Rm),
];
