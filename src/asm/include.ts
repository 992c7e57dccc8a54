/** #include: where a named file is looked for. */

/** Go's order: the name as it stands, then the main file's directory, then each include directory. */
export function includeCandidates(name: string, mainFile: string, includeDirs: readonly string[]): string[] {
  const home = /^(.*)\/[^/]*$/s.exec(mainFile)?.[1];
  const mainDir = home === undefined ? '.' : home || '/';
  return [name, ...[mainDir, ...includeDirs].map((dir) => joinPath(dir, name))];
}

/** Joins and tidies: no `.`, no empty part, and `a/../` taken back, so that one file has one name. */
function joinPath(dir: string, name: string): string {
  const parts: string[] = [];
  const isRooted = dir.startsWith('/');
  for (const part of `${dir}/${name}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || !isRooted) parts.push(part);
  }
  return (isRooted ? '/' : '') + parts.join('/');
}
