/**
 * What Go's assembler takes besides: names and operands for bytes that the decoder knows under another row, or not at all.
 * They are tried after the rows of the same name, are never decoded, and so have no meaning of their own.
 */
import { type Form, form } from '../form.ts';
import * as k from '../operand.ts';

// biome-ignore format: table
export const spelling: readonly Form[] = [
  // Up to 0xffffffff into memory, where the register's row gives way to the one that widens with zeros.
  form('MOVQ',    'REX.W C7 /0 id', [k.m64,    k.bits32s64]),
  form('MOVQL',   '89 /r',          [k.rm32,   k.r32]),
  // Byte registers may stand for the wider ones.
  form('NEGW',    '66 F7 /3',       [k.rm8]),
  form('NEGL',    'F7 /3',          [k.rm8]),
  form('NEGQ',    'REX.W F7 /3',    [k.rm8]),
  form('NOTW',    '66 F7 /2',       [k.rm8]),
  form('NOTL',    'F7 /2',          [k.rm8]),
  form('NOTQ',    'REX.W F7 /2',    [k.rm8]),
  form('MOVZWW',  '66 0F B7 /r',    [k.r16,    k.rm8]),
  form('MOVSWW',  '66 0F BF /r',    [k.r16,    k.rm8]),
  // CRC32B SP, AX: the register is AH, since Go puts no REX prefix there.
  form('CRC32B',  'F2 0F 38 F0 /r', [k.r32,    k.r32Rm]),
  form('CRC32B',  'F2 0F 38 F0 /r', [k.r32,    k.rm8]),
  // Between registers these are MOVLHPS and MOVHLPS.
  form('MOVHPS',  'NP 0F 16 /r',    [k.xmm,    k.xmmRm]),
  form('MOVLPS',  'NP 0F 12 /r',    [k.xmm,    k.xmmRm]),
  form('PUSHL',   '0F A0',          [k.FS]),
  form('PUSHL',   '0F A8',          [k.GS]),
  form('POPL',    '0F A1',          [k.FS]),
  form('POPL',    '0F A9',          [k.GS]),
  form('MOVL',    '0F 20 /r',       [k.r32Rm,  k.creg]),
  form('MOVL',    '0F 22 /r',       [k.creg,   k.r32Rm]),
  form('MOVL',    '0F 21 /r',       [k.r32Rm,  k.dreg]),
  form('MOVL',    '0F 23 /r',       [k.dreg,   k.r32Rm]),
  form('JCXZL',   '67 E3 cb',       [k.rel8]),
  form('XBEGIN',  'C7 F8 cd',       [k.rel32]),
];
