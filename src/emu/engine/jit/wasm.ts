/** Writing WebAssembly modules: bytes, opcodes by name, sections. WebAssembly core specification 2.0, section 5. */

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';
const valueTypes: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Opcodes without immediates, by their names in the specification. */
// biome-ignore format: table
const plain = {
  unreachable: 0x00, end: 0x0b, return: 0x0f, else: 0x05, drop: 0x1a, select: 0x1b,
  'i32.eqz': 0x45, 'i32.eq': 0x46, 'i32.ne': 0x47, 'i32.lt_s': 0x48, 'i32.lt_u': 0x49, 'i32.gt_u': 0x4b, 'i32.ge_u': 0x4f, 'i32.ge_s': 0x4e,
  'i64.eqz': 0x50, 'i64.eq': 0x51, 'i64.ne': 0x52, 'i64.lt_s': 0x53, 'i64.lt_u': 0x54, 'i64.gt_u': 0x56, 'i64.le_s': 0x57, 'i64.le_u': 0x58, 'i64.ge_u': 0x5a,
  'f32.eq': 0x5b, 'f32.ne': 0x5c, 'f32.lt': 0x5d, 'f32.gt': 0x5e, 'f32.le': 0x5f, 'f32.ge': 0x60,
  'f64.eq': 0x61, 'f64.ne': 0x62, 'f64.lt': 0x63, 'f64.gt': 0x64, 'f64.le': 0x65, 'f64.ge': 0x66,
  'i32.popcnt': 0x69, 'i32.add': 0x6a, 'i32.sub': 0x6b, 'i32.mul': 0x6c, 'i32.and': 0x71, 'i32.or': 0x72, 'i32.xor': 0x73, 'i32.shl': 0x74, 'i32.shr_u': 0x76, 'i32.rotl': 0x77,
  'i64.clz': 0x79, 'i64.ctz': 0x7a, 'i64.popcnt': 0x7b, 'i64.add': 0x7c, 'i64.sub': 0x7d, 'i64.mul': 0x7e,
  'i64.div_s': 0x7f, 'i64.div_u': 0x80, 'i64.rem_s': 0x81, 'i64.rem_u': 0x82,
  'i64.and': 0x83, 'i64.or': 0x84, 'i64.xor': 0x85, 'i64.shl': 0x86, 'i64.shr_s': 0x87, 'i64.shr_u': 0x88, 'i64.rotl': 0x89, 'i64.rotr': 0x8a,
  'f32.abs': 0x8b, 'f32.neg': 0x8c, 'f32.ceil': 0x8d, 'f32.floor': 0x8e, 'f32.trunc': 0x8f, 'f32.nearest': 0x90, 'f32.sqrt': 0x91, 'f32.add': 0x92, 'f32.sub': 0x93, 'f32.mul': 0x94, 'f32.div': 0x95,
  'f64.abs': 0x99, 'f64.neg': 0x9a, 'f64.ceil': 0x9b, 'f64.floor': 0x9c, 'f64.trunc': 0x9d, 'f64.nearest': 0x9e, 'f64.sqrt': 0x9f, 'f64.add': 0xa0, 'f64.sub': 0xa1, 'f64.mul': 0xa2, 'f64.div': 0xa3,
  'i32.wrap_i64': 0xa7, 'i64.extend_i32_s': 0xac, 'i64.extend_i32_u': 0xad,
  'f32.convert_i64_s': 0xb4, 'f32.demote_f64': 0xb6, 'f64.convert_i64_s': 0xb9, 'f64.promote_f32': 0xbb, 'i64.trunc_f32_s': 0xae, 'i64.trunc_f64_s': 0xb0,
  'i32.reinterpret_f32': 0xbc, 'i64.reinterpret_f64': 0xbd, 'f32.reinterpret_i32': 0xbe, 'f64.reinterpret_i64': 0xbf,
  'i64.extend8_s': 0xc2, 'i64.extend16_s': 0xc3, 'i64.extend32_s': 0xc4,
} as const;
export type Plain = keyof typeof plain;

// biome-ignore format: table
const accesses = {
  'i32.load': 0x28, 'i64.load': 0x29, 'i32.load8_u': 0x2d, 'i64.load8_u': 0x31, 'i64.load16_u': 0x33, 'i64.load32_u': 0x35,
  'i32.store': 0x36, 'i64.store': 0x37, 'i32.store8': 0x3a, 'i32.store16': 0x3b, 'i64.store8': 0x3c, 'i64.store16': 0x3d, 'i64.store32': 0x3e,
} as const;
export type Access = keyof typeof accesses;

/** Vector opcodes without immediates (prefix FD). */
// biome-ignore format: table
const simd = {
  'i8x16.swizzle': 0x0e, 'i8x16.splat': 0x0f, 'i16x8.splat': 0x10, 'i32x4.splat': 0x11, 'i64x2.splat': 0x12,
  'i8x16.eq': 0x23, 'i8x16.gt_s': 0x27, 'i16x8.eq': 0x2d, 'i16x8.gt_s': 0x31, 'i32x4.eq': 0x37, 'i32x4.gt_s': 0x3b,
  'f32x4.eq': 0x41, 'f32x4.ne': 0x42, 'f32x4.lt': 0x43, 'f32x4.le': 0x45, 'f64x2.eq': 0x47, 'f64x2.ne': 0x48, 'f64x2.lt': 0x49, 'f64x2.le': 0x4b,
  'i32x4.dot_i16x8_s': 0xba, 'i16x8.q15mulr_sat_s': 0x82, 'i32x4.extmul_low_i16x8_s': 0xbc, 'i32x4.extmul_high_i16x8_s': 0xbd, 'i32x4.extmul_low_i16x8_u': 0xbe, 'i32x4.extmul_high_i16x8_u': 0xbf,
  'v128.not': 0x4d, 'v128.and': 0x4e, 'v128.andnot': 0x4f, 'v128.or': 0x50, 'v128.xor': 0x51, 'v128.bitselect': 0x52, 'v128.any_true': 0x53,
  'i8x16.all_true': 0x63, 'i8x16.bitmask': 0x64, 'i8x16.narrow_i16x8_s': 0x65, 'i8x16.narrow_i16x8_u': 0x66, 'i8x16.shl': 0x6b, 'i8x16.shr_s': 0x6c, 'i8x16.shr_u': 0x6d,
  'i8x16.add': 0x6e, 'i8x16.add_sat_s': 0x6f, 'i8x16.add_sat_u': 0x70, 'i8x16.sub': 0x71, 'i8x16.sub_sat_s': 0x72, 'i8x16.sub_sat_u': 0x73,
  'i8x16.min_s': 0x76, 'i8x16.min_u': 0x77, 'i8x16.max_s': 0x78, 'i8x16.max_u': 0x79, 'i8x16.avgr_u': 0x7b,
  'i16x8.all_true': 0x83, 'i16x8.bitmask': 0x84, 'i16x8.narrow_i32x4_s': 0x85, 'i16x8.narrow_i32x4_u': 0x86, 'i16x8.extend_low_i8x16_s': 0x87, 'i16x8.extend_low_i8x16_u': 0x89,
  'i16x8.shl': 0x8b, 'i16x8.shr_s': 0x8c, 'i16x8.shr_u': 0x8d, 'i16x8.add': 0x8e, 'i16x8.add_sat_s': 0x8f, 'i16x8.add_sat_u': 0x90,
  'i16x8.sub': 0x91, 'i16x8.sub_sat_s': 0x92, 'i16x8.sub_sat_u': 0x93, 'i16x8.mul': 0x95, 'i16x8.min_s': 0x96, 'i16x8.min_u': 0x97, 'i16x8.max_s': 0x98, 'i16x8.max_u': 0x99, 'i16x8.avgr_u': 0x9b,
  'i32x4.bitmask': 0xa4, 'i32x4.shl': 0xab, 'i32x4.shr_s': 0xac, 'i32x4.shr_u': 0xad, 'i32x4.add': 0xae, 'i32x4.sub': 0xb1, 'i32x4.mul': 0xb5,
  'i32x4.min_s': 0xb6, 'i32x4.min_u': 0xb7, 'i32x4.max_s': 0xb8, 'i32x4.max_u': 0xb9,
  'i64x2.bitmask': 0xc4, 'i64x2.shl': 0xcb, 'i64x2.shr_s': 0xcc, 'i64x2.shr_u': 0xcd, 'i64x2.add': 0xce, 'i64x2.sub': 0xd1, 'i64x2.mul': 0xd5, 'i64x2.eq': 0xd6, 'i64x2.gt_s': 0xd9,
  'f32x4.sqrt': 0xe3, 'f32x4.add': 0xe4, 'f32x4.sub': 0xe5, 'f32x4.mul': 0xe6, 'f32x4.div': 0xe7, 'f32x4.pmin': 0xea, 'f32x4.pmax': 0xeb,
  'f64x2.sqrt': 0xef, 'f64x2.add': 0xf0, 'f64x2.sub': 0xf1, 'f64x2.mul': 0xf2, 'f64x2.div': 0xf3, 'f64x2.pmin': 0xf6, 'f64x2.pmax': 0xf7,
} as const;
export type Simd = keyof typeof simd;

/** Vector opcodes with a lane number. */
// biome-ignore format: table
const laneAccess = {
  'i8x16.extract_lane_u': 0x16, 'i8x16.replace_lane': 0x17, 'i16x8.extract_lane_u': 0x19, 'i16x8.replace_lane': 0x1a,
  'i32x4.extract_lane': 0x1b, 'i32x4.replace_lane': 0x1c, 'i64x2.extract_lane': 0x1d, 'i64x2.replace_lane': 0x1e,
} as const;
export type LaneAccess = keyof typeof laneAccess;

/** A growing run of bytes with LEB128 numbers (specification, 5.2.2). */
export class Bytes {
  #buffer = new Uint8Array(256);
  length = 0;

  byte(b: number): void {
    if (this.length === this.#buffer.length) this.#grow(1);
    this.#buffer[this.length++] = b;
  }
  bytes(b: Uint8Array): void {
    if (this.length + b.length > this.#buffer.length) this.#grow(b.length);
    this.#buffer.set(b, this.length);
    this.length += b.length;
  }
  u32(v: number): void {
    let rest = v >>> 0;
    for (; rest >= 0x80; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }
  s32(v: number): void {
    let rest = v | 0;
    for (; rest < -64 || rest >= 64; rest >>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest & 0x7f);
  }
  s64(v: bigint): void {
    let rest = BigInt.asIntN(64, v);
    for (; rest < -64n || rest >= 64n; rest >>= 7n) this.byte(Number(rest & 0x7fn) | 0x80);
    this.byte(Number(rest & 0x7fn));
  }
  name(s: string): void {
    this.u32(s.length);
    for (let i = 0; i < s.length; i++) this.byte(s.charCodeAt(i));
  }
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }
  #grow(need: number): void {
    const bigger = new Uint8Array(Math.max(2 * this.#buffer.length, this.length + need));
    bigger.set(this.#buffer);
    this.#buffer = bigger;
  }
}

/** One function's code. Locals are numbered behind its parameters in the order they are asked for. */
export class Code {
  readonly #body = new Bytes();
  readonly #locals: ValueType[] = [];
  readonly #parameters: number;
  /** Blocks open around the next instruction: labels count from the innermost. */
  depth = 0;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  local(type: ValueType): number {
    this.#locals.push(type);
    return this.#parameters + this.#locals.length - 1;
  }

  op(name: Plain): void {
    this.#body.byte(plain[name]);
    if (name === 'end') this.depth--;
  }
  simd(name: Simd): void {
    this.#body.byte(0xfd);
    this.#body.u32(simd[name]);
  }
  lane(name: LaneAccess, n: number): void {
    this.#body.byte(0xfd);
    this.#body.u32(laneAccess[name]);
    this.#body.byte(n);
  }
  shuffle(bytes: readonly number[]): void {
    this.#body.byte(0xfd);
    this.#body.u32(0x0d);
    for (const b of bytes) this.#body.byte(b);
  }
  i32(v: number): void {
    this.#body.byte(0x41);
    this.#body.s32(v);
  }
  i64(v: bigint): void {
    this.#body.byte(0x42);
    this.#body.s64(v);
  }
  f32(v: number): void {
    this.#body.byte(0x43);
    this.#body.bytes(new Uint8Array(Float32Array.of(v).buffer));
  }
  f64(v: number): void {
    this.#body.byte(0x44);
    this.#body.bytes(new Uint8Array(Float64Array.of(v).buffer));
  }
  v128(v: bigint): void {
    this.#body.byte(0xfd);
    this.#body.u32(0x0c);
    for (let i = 0n; i < 128n; i += 8n) this.#body.byte(Number((v >> i) & 0xffn));
  }
  get(local: number): void {
    this.#body.byte(0x20);
    this.#body.u32(local);
  }
  set(local: number): void {
    this.#body.byte(0x21);
    this.#body.u32(local);
  }
  tee(local: number): void {
    this.#body.byte(0x22);
    this.#body.u32(local);
  }
  /** Loads and stores: no alignment is promised. */
  access(name: Access, offset = 0): void {
    this.#body.byte(accesses[name]);
    this.#body.byte(0);
    this.#body.u32(offset);
  }
  v128Load(offset = 0): void {
    this.#vector(0, offset);
  }
  v128Store(offset = 0): void {
    this.#vector(11, offset);
  }
  #vector(op: number, offset: number): void {
    this.#body.byte(0xfd);
    this.#body.u32(op);
    this.#body.byte(0);
    this.#body.u32(offset);
  }
  /** Destination, source or byte, count: on the stack. */
  memoryCopy(): void {
    for (const b of [0xfc, 0x0a, 0, 0]) this.#body.byte(b);
  }
  memoryFill(): void {
    for (const b of [0xfc, 0x0b, 0]) this.#body.byte(b);
  }
  block(): void {
    this.#open(0x02);
  }
  loop(): void {
    this.#open(0x03);
  }
  if(): void {
    this.#open(0x04);
  }
  /** An `if` that leaves a value. */
  ifValue(type: ValueType): void {
    this.#open(0x04, valueTypes[type]);
  }
  #open(op: number, type = 0x40): void {
    this.#body.byte(op);
    this.#body.byte(type);
    this.depth++;
  }
  br(label: number): void {
    this.#body.byte(0x0c);
    this.#body.u32(label);
  }
  brIf(label: number): void {
    this.#body.byte(0x0d);
    this.#body.u32(label);
  }
  call(f: number): void {
    this.#body.byte(0x10);
    this.#body.u32(f);
  }
  returnCall(f: number): void {
    this.#body.byte(0x12);
    this.#body.u32(f);
  }
  /** Tail call through table 0. */
  returnCallIndirect(type: number): void {
    this.#body.byte(0x13);
    this.#body.u32(type);
    this.#body.u32(0);
  }

  /** The code entry: locals in runs of one type, then the instructions. */
  finish(): Uint8Array {
    const runs: [number, ValueType][] = [];
    for (const t of this.#locals) {
      const last = runs.at(-1);
      if (last?.[1] === t) last[0]++;
      else runs.push([1, t]);
    }
    const out = new Bytes();
    out.u32(runs.length);
    for (const [n, t] of runs) {
      out.u32(n);
      out.byte(valueTypes[t]);
    }
    out.bytes(this.#body.view());
    out.byte(0x0b);
    return out.view();
  }
}

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: 'memory' | 'table' | { readonly type: number };
}

export interface ModuleParts {
  readonly types: readonly FunctionType[];
  readonly imports: readonly Import[];
  /** Code of the module's own functions with their types. */
  readonly functions: readonly { readonly type: number; readonly code: Uint8Array }[];
  /** Exported functions, by index (imports first). */
  readonly exports: readonly (readonly [name: string, index: number])[];
}

/** A whole module. */
export function encodeModule({ types, imports, functions, exports }: ModuleParts): Uint8Array<ArrayBuffer> {
  const out = new Bytes();
  out.bytes(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  const section = (id: number, count: number, write: (b: Bytes) => void): void => {
    if (count === 0) return;
    const b = new Bytes();
    b.u32(count);
    write(b);
    out.byte(id);
    out.u32(b.length);
    out.bytes(b.view());
  };
  section(1, types.length, (b) => {
    for (const t of types) {
      b.byte(0x60);
      for (const list of [t.parameters, t.results]) {
        b.u32(list.length);
        for (const v of list) b.byte(valueTypes[v]);
      }
    }
  });
  section(2, imports.length, (b) => {
    for (const i of imports) {
      b.name(i.module);
      b.name(i.name);
      if (i.kind === 'memory') b.bytes(Uint8Array.of(2, 0, 0));
      else if (i.kind === 'table') b.bytes(Uint8Array.of(1, 0x70, 0, 0));
      else {
        b.byte(0);
        b.u32(i.kind.type);
      }
    }
  });
  section(3, functions.length, (b) => {
    for (const f of functions) b.u32(f.type);
  });
  section(7, exports.length, (b) => {
    for (const [name, index] of exports) {
      b.name(name);
      b.byte(0);
      b.u32(index);
    }
  });
  section(10, functions.length, (b) => {
    for (const f of functions) {
      b.u32(f.code.length);
      b.bytes(f.code);
    }
  });
  return new Uint8Array(out.view());
}
