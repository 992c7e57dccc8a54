/** The program that becomes the tracee: a static ELF executable of one page, written out byte by byte. */
import { NR, PR, PTRACE, SIG } from './kernel.ts';

/** Where it is loaded. Everything else of its image is unmapped before a guest instruction runs. */
export const STUB = 0x10_0000;
const HEADERS = 0x78;
/** A SYSCALL instruction in it, for the first calls that are made in its name. */
export const STUB_SYSCALL = STUB + HEADERS;

const le32 = (n: number): number[] => [n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, (n >> 24) & 0xff];
const le64 = (n: number): number[] => [...le32(n), 0, 0, 0, 0];
const movEax = (n: number): number[] => [0xb8, ...le32(n)];
const movEdi = (n: number): number[] => [0xbf, ...le32(n)];
const movEsi = (n: number): number[] => [0xbe, ...le32(n)];
const SYSCALL = [0x0f, 0x05];
const INT3 = [0xcc];
const NEG_EAX = [0xf7, 0xd8];
const MOV_EDI_EAX = [0x89, 0xc7];
const TEST_EAX = [0x85, 0xc0];
const cmpEax = (n: number): number[] => [0x3d, ...le32(n)];
const jneOver = (length: number): number[] => [0x75, length];
const jeOver = (length: number): number[] => [0x74, length];

/**
 * Asks to die with its parent, makes sure that this parent still lives, asks to be traced by it, and stops. Its exit
 * status, should it come to that: ptrace's errno, or 255 when its parent has gone.
 */
function program(parent: number): number[] {
  const exit = [...movEax(NR.exit_group), ...SYSCALL];
  const exitErrno = [...NEG_EAX, ...MOV_EDI_EAX, ...exit];
  const exitOrphan = [...movEdi(255), ...exit];
  return [
    ...SYSCALL,
    ...[...movEax(NR.prctl), ...movEdi(PR.SET_PDEATHSIG), ...movEsi(SIG.KILL), ...SYSCALL],
    ...[...movEax(NR.getppid), ...SYSCALL, ...cmpEax(parent), ...jeOver(exitOrphan.length), ...exitOrphan],
    ...[...movEax(NR.ptrace), ...movEdi(PTRACE.TRACEME), ...SYSCALL, ...TEST_EAX, ...jneOver(INT3.length), ...INT3],
    ...exitErrno,
  ];
}

/** The file, for a tracer whose process id is `parent`. */
export function stub(parent: number): Uint8Array {
  const code = program(parent);
  const size = HEADERS + code.length;
  // biome-ignore format: table
  return Uint8Array.from([
    // ELF header: 64-bit, little-endian, ET_EXEC, EM_X86_64; entry behind the SYSCALL; one program header, at 0x40.
    0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    2, 0, 0x3e, 0, 1, 0, 0, 0, ...le64(STUB_SYSCALL + SYSCALL.length), ...le64(0x40), ...le64(0), 0, 0, 0, 0,
    0x40, 0, 0x38, 0, 1, 0, 0, 0, 0, 0, 0, 0,
    // Program header: PT_LOAD, PF_R | PF_X.
    1, 0, 0, 0, 5, 0, 0, 0, ...le64(0), ...le64(STUB), ...le64(STUB), ...le64(size), ...le64(size), ...le64(0x1000),
    ...code,
  ]);
}
