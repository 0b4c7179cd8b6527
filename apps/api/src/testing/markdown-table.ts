import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = join(import.meta.dirname, '../../../../docs');

/** The cells of the only table of a page of docs/, without its head; padding doesn't count. */
export function readMarkdownTable(page: string): string[][] {
  const rows = readFileSync(join(DOCS, page), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.slice(1, line.lastIndexOf('|')).split('|'))
    .map((cells) => cells.map((cell) => cell.trim()));
  return rows.slice(2);
}
