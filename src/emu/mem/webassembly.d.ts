/** The part of the WebAssembly JavaScript API that src/emu uses; the core is compiled without the DOM's types. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
}
