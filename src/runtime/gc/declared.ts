/**
 * Arguments of assembly functions as their Go declarations have them: p for a pointer, w for another word. From these the
 * compiler makes `f.args_stackmap` and `f.arginfo0`. Only functions that can stand on a stack that is scanned or moved.
 */
// biome-ignore format: table
export const declared: Readonly<Record<string, string>> = {
  'runtime.asmcgocall':  'pp',
  'runtime.cgocallback': 'ppw',
  'runtime.mcall':       'p',
  'runtime.systemstack': 'p',
};
