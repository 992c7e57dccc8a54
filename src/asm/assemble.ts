/** One file of Go's assembly language in, one object out: the whole pipeline in the order it runs. */
import { Constants } from './constants.ts';
import { dataSymbols } from './data.ts';
import type { Diagnostic } from './diagnostic.ts';
import { emit } from './emit.ts';
import { Encoder } from './encoder.ts';
import { frame } from './frame.ts';
import type { ObjectFile } from './object.ts';
import { parse } from './parse.ts';
import type { PreprocessOptions, Sources } from './preprocess.ts';
import { program } from './program.ts';
import { rewrite } from './rewrite.ts';
import { stackMaps } from './stack-map.ts';

/** Never throws on bad source: what is wrong with it is in `diagnostics`, in source order, and the rest is assembled. */
export function assemble(path: string, sources: Sources, options: PreprocessOptions): ObjectFile {
  const parsed = parse(path, sources, options);
  const diagnostics: Diagnostic[] = [...parsed.diagnostics];
  const report = (d: Diagnostic): void => {
    diagnostics.push(d);
  };
  const { functions, data } = program(parsed.statements, report);
  const constants = new Constants();
  const encoder = new Encoder(report);
  const assembled = functions.map((f) => {
    stackMaps(f, constants, report);
    const framed = frame(f, report);
    for (const i of framed.body) rewrite(i, constants);
    return emit(f, framed, encoder);
  });
  const symbols = [...dataSymbols(data, report), ...constants.symbols];
  diagnostics.sort((a, b) => (a.at.file === b.at.file ? a.at.line - b.at.line : 0));
  return { path, functions: assembled, data: symbols, diagnostics };
}
