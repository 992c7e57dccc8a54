/** The smaller extensions of AVX-512, each with a CPUID bit of its own. SDM vol. 2. */
import {
  block,
  halfVm64,
  k1,
  kz,
  kzSae,
  type Line,
  masked,
  v,
  vB32,
  vB64,
  vE8,
  vE16,
  vM,
  vm32,
  vm64,
  vV,
} from '../../evex.ts';
import * as k from '../../operand.ts';

// biome-ignore format: table
export const conflictDetection: readonly Line[] = [
  ['VPBROADCASTMB2Q', 'EVEX.F3.0F38.W1 2A /r', [v, k.kregRm]],
  ['VPBROADCASTMW2D', 'EVEX.F3.0F38.W0 3A /r', [v, k.kregRm]],
  ['VPCONFLICTD',     'EVEX.66.0F38.W0 C4 /r', [v, vB32],     kz],
  ['VPCONFLICTQ',     'EVEX.66.0F38.W1 C4 /r', [v, vB64],     kz],
  ['VPLZCNTD',        'EVEX.66.0F38.W0 44 /r', [v, vB32],     kz],
  ['VPLZCNTQ',        'EVEX.66.0F38.W1 44 /r', [v, vB64],     kz],
];

// biome-ignore format: table
export const exponentialReciprocal: readonly Line[] = [
  ['VEXP2PD',    'EVEX.512.66.0F38.W1 C8 /r', [v, vB64],                 kzSae],
  ['VEXP2PS',    'EVEX.512.66.0F38.W0 C8 /r', [v, vB32],                 kzSae],
  ['VRCP28PD',   'EVEX.512.66.0F38.W1 CA /r', [v, vB64],                 kzSae],
  ['VRCP28PS',   'EVEX.512.66.0F38.W0 CA /r', [v, vB32],                 kzSae],
  ['VRCP28SD',   'EVEX.LIG.66.0F38.W1 CB /r', [k.xmm, k.xmmV, k.xmmM64], kzSae],
  ['VRCP28SS',   'EVEX.LIG.66.0F38.W0 CB /r', [k.xmm, k.xmmV, k.xmmM32], kzSae],
  ['VRSQRT28PD', 'EVEX.512.66.0F38.W1 CC /r', [v, vB64],                 kzSae],
  ['VRSQRT28PS', 'EVEX.512.66.0F38.W0 CC /r', [v, vB32],                 kzSae],
  ['VRSQRT28SD', 'EVEX.LIG.66.0F38.W1 CD /r', [k.xmm, k.xmmV, k.xmmM64], kzSae],
  ['VRSQRT28SS', 'EVEX.LIG.66.0F38.W0 CD /r', [k.xmm, k.xmmV, k.xmmM32], kzSae],
];

// biome-ignore format: table
export const prefetch: readonly Line[] = [
  ['VGATHERPF0DPD',  'EVEX.512.66.0F38.W1 C6 /1', [halfVm64], masked],
  ['VGATHERPF0DPS',  'EVEX.512.66.0F38.W0 C6 /1', [vm32],     masked],
  ['VGATHERPF0QPD',  'EVEX.512.66.0F38.W1 C7 /1', [vm64],     masked],
  ['VGATHERPF0QPS',  'EVEX.512.66.0F38.W0 C7 /1', [vm32],     masked],
  ['VGATHERPF1DPD',  'EVEX.512.66.0F38.W1 C6 /2', [halfVm64], masked],
  ['VGATHERPF1DPS',  'EVEX.512.66.0F38.W0 C6 /2', [vm32],     masked],
  ['VGATHERPF1QPD',  'EVEX.512.66.0F38.W1 C7 /2', [vm64],     masked],
  ['VGATHERPF1QPS',  'EVEX.512.66.0F38.W0 C7 /2', [vm32],     masked],
  ['VSCATTERPF0DPD', 'EVEX.512.66.0F38.W1 C6 /5', [halfVm64], masked],
  ['VSCATTERPF0DPS', 'EVEX.512.66.0F38.W0 C6 /5', [vm32],     masked],
  ['VSCATTERPF0QPD', 'EVEX.512.66.0F38.W1 C7 /5', [vm64],     masked],
  ['VSCATTERPF0QPS', 'EVEX.512.66.0F38.W0 C7 /5', [vm32],     masked],
  ['VSCATTERPF1DPD', 'EVEX.512.66.0F38.W1 C6 /6', [halfVm64], masked],
  ['VSCATTERPF1DPS', 'EVEX.512.66.0F38.W0 C6 /6', [vm32],     masked],
  ['VSCATTERPF1QPD', 'EVEX.512.66.0F38.W1 C7 /6', [vm64],     masked],
  ['VSCATTERPF1QPS', 'EVEX.512.66.0F38.W0 C7 /6', [vm32],     masked],
];

// biome-ignore format: table
export const fusedFourfold: readonly Line[] = [
  ['V4FMADDPS',  'EVEX.512.F2.0F38.W0 9A /r', [v, block('zmm'), k.m128],     kz],
  ['V4FMADDSS',  'EVEX.LIG.F2.0F38.W0 9B /r', [k.xmm, block('xmm'), k.m128], kz],
  ['V4FNMADDPS', 'EVEX.512.F2.0F38.W0 AA /r', [v, block('zmm'), k.m128],     kz],
  ['V4FNMADDSS', 'EVEX.LIG.F2.0F38.W0 AB /r', [k.xmm, block('xmm'), k.m128], kz],
];

// biome-ignore format: table
export const wordsFourfold: readonly Line[] = [
  ['VP4DPWSSD',  'EVEX.512.F2.0F38.W0 52 /r', [v, block('zmm'), k.m128], kz],
  ['VP4DPWSSDS', 'EVEX.512.F2.0F38.W0 53 /r', [v, block('zmm'), k.m128], kz],
];

// biome-ignore format: table
export const bitAlgorithms: readonly Line[] = [
  ['VPOPCNTB',     'EVEX.66.0F38.W0 54 /r', [v, vM],          kz],
  ['VPOPCNTW',     'EVEX.66.0F38.W1 54 /r', [v, vM],          kz],
  ['VPSHUFBITQMB', 'EVEX.66.0F38.W0 8F /r', [k.kreg, vV, vM], k1],
];

// biome-ignore format: table
export const integerFused: readonly Line[] = [
  ['VPMADD52HUQ', 'EVEX.66.0F38.W1 B5 /r', [v, vV, vB64], kz],
  ['VPMADD52LUQ', 'EVEX.66.0F38.W1 B4 /r', [v, vV, vB64], kz],
];

// biome-ignore format: table
export const bytePermutes: readonly Line[] = [
  ['VPERMB',         'EVEX.66.0F38.W0 8D /r', [v, vV, vM],   kz],
  ['VPERMI2B',       'EVEX.66.0F38.W0 75 /r', [v, vV, vM],   kz],
  ['VPERMT2B',       'EVEX.66.0F38.W0 7D /r', [v, vV, vM],   kz],
  ['VPMULTISHIFTQB', 'EVEX.66.0F38.W1 83 /r', [v, vV, vB64], kz],
];

// biome-ignore format: table
export const byteCompress: readonly Line[] = [
  ['VPCOMPRESSB', 'EVEX.66.0F38.W0 63 /r',    [vE8, v],               kz],
  ['VPCOMPRESSW', 'EVEX.66.0F38.W1 63 /r',    [vE16, v],              kz],
  ['VPEXPANDB',   'EVEX.66.0F38.W0 62 /r',    [v, vE8],               kz],
  ['VPEXPANDW',   'EVEX.66.0F38.W1 62 /r',    [v, vE16],              kz],
  ['VPSHLDD',     'EVEX.66.0F3A.W0 71 /r ib', [v, vV, vB32, k.uimm8], kz],
  ['VPSHLDQ',     'EVEX.66.0F3A.W1 71 /r ib', [v, vV, vB64, k.uimm8], kz],
  ['VPSHLDVD',    'EVEX.66.0F38.W0 71 /r',    [v, vV, vB32],          kz],
  ['VPSHLDVQ',    'EVEX.66.0F38.W1 71 /r',    [v, vV, vB64],          kz],
  ['VPSHLDVW',    'EVEX.66.0F38.W1 70 /r',    [v, vV, vM],            kz],
  ['VPSHLDW',     'EVEX.66.0F3A.W1 70 /r ib', [v, vV, vM, k.uimm8],   kz],
  ['VPSHRDD',     'EVEX.66.0F3A.W0 73 /r ib', [v, vV, vB32, k.uimm8], kz],
  ['VPSHRDQ',     'EVEX.66.0F3A.W1 73 /r ib', [v, vV, vB64, k.uimm8], kz],
  ['VPSHRDVD',    'EVEX.66.0F38.W0 73 /r',    [v, vV, vB32],          kz],
  ['VPSHRDVQ',    'EVEX.66.0F38.W1 73 /r',    [v, vV, vB64],          kz],
  ['VPSHRDVW',    'EVEX.66.0F38.W1 72 /r',    [v, vV, vM],            kz],
  ['VPSHRDW',     'EVEX.66.0F3A.W1 72 /r ib', [v, vV, vM, k.uimm8],   kz],
];

// biome-ignore format: table
export const neuralNetworks: readonly Line[] = [
  ['VPDPBUSD',  'EVEX.66.0F38.W0 50 /r', [v, vV, vB32], kz],
  ['VPDPBUSDS', 'EVEX.66.0F38.W0 51 /r', [v, vV, vB32], kz],
  ['VPDPWSSD',  'EVEX.66.0F38.W0 52 /r', [v, vV, vB32], kz],
  ['VPDPWSSDS', 'EVEX.66.0F38.W0 53 /r', [v, vV, vB32], kz],
];

// biome-ignore format: table
export const populationCount: readonly Line[] = [
  ['VPOPCNTD', 'EVEX.66.0F38.W0 55 /r', [v, vB32], kz],
  ['VPOPCNTQ', 'EVEX.66.0F38.W1 55 /r', [v, vB64], kz],
];

// biome-ignore format: table
export const wideAes: readonly Line[] = [
  ['VAESDEC',     'EVEX.66.0F38.WIG DE /r', [v, vV, vM]],
  ['VAESDECLAST', 'EVEX.66.0F38.WIG DF /r', [v, vV, vM]],
  ['VAESENC',     'EVEX.66.0F38.WIG DC /r', [v, vV, vM]],
  ['VAESENCLAST', 'EVEX.66.0F38.WIG DD /r', [v, vV, vM]],
];

// biome-ignore format: table
export const wideGalois: readonly Line[] = [
  ['VGF2P8AFFINEINVQB', 'EVEX.66.0F3A.W1 CF /r ib', [v, vV, vB64, k.uimm8], kz],
  ['VGF2P8AFFINEQB',    'EVEX.66.0F3A.W1 CE /r ib', [v, vV, vB64, k.uimm8], kz],
  ['VGF2P8MULB',        'EVEX.66.0F38.W0 CF /r',    [v, vV, vM],            kz],
];

// biome-ignore format: table
export const wideCarryless: readonly Line[] = [
  ['VPCLMULQDQ', 'EVEX.66.0F3A.WIG 44 /r ib', [v, vV, vM, k.uimm8]],
];
