/** docs/PERFORMANCE.md has parts that are measured apart: each writer replaces its own. */

/** A second-level section of a page, heading included; empty when there is none. */
export function sectionOf(page: string, title: string): string {
  const from = page.indexOf(`## ${title}\n`);
  if (from < 0) return '';
  const next = page.indexOf('\n## ', from);
  return page.slice(from, next < 0 ? page.length : next + 1).trimEnd();
}

/** The page with that section as its last one. */
export function withSection(page: string, title: string, section: string): string {
  const rest = page
    .replace(sectionOf(page, title), '')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd();
  return section ? `${rest}\n\n${section}\n` : `${rest}\n`;
}
