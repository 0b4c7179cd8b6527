import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Files that describe a set and hold no case. */
const DESCRIPTIONS = new Set(['README.md', 'SHA256SUMS']);

/**
 * A directory of golden data, and which of its files were taken by a case:
 * what is left over at the end is a file that nobody checked.
 */
export class GoldenDirectory {
  /** Paths below the root with forward slashes, sorted. */
  readonly files: readonly string[];
  readonly #known: ReadonlySet<string>;
  readonly #claimed = new Set<string>();

  /** @throws Error when `root` is no directory that can be read */
  constructor(readonly root: string) {
    if (!statSync(root).isDirectory()) throw new Error(`${root} is not a directory.`);
    this.files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .sort();
    this.#known = new Set(this.files);
  }

  has(path: string): boolean {
    return this.#known.has(path);
  }

  /** Says that a case checks this file; a file that isn't there is the case's own business. */
  claim(path: string): void {
    this.#claimed.add(path);
  }

  /** Files in one folder whose name matches, claimed. */
  claimMatching(folder: string, name: RegExp): string[] {
    const found = this.files.filter(
      (path) => path.startsWith(`${folder}/`) && name.test(path.slice(folder.length + 1)),
    );
    for (const path of found) this.claim(path);
    return found;
  }

  absolute(path: string): string {
    return join(this.root, ...path.split('/'));
  }

  /** What a file holds, in the form that its place promises. @throws Error naming the file when it is missing or no JSON */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- it names the form at the call
  readJson<T>(path: string): T {
    const text = readFileSync(this.absolute(path), 'utf8');
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new Error(`${path} is not valid JSON: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  /** Files that no case took. */
  unclaimed(): string[] {
    return this.files.filter((path) => !this.#claimed.has(path) && !DESCRIPTIONS.has(path));
  }

  /** Files that the set's own SHA256SUMS lists and that aren't there. */
  listedButMissing(): string[] {
    if (!this.has('SHA256SUMS')) return [];
    return readFileSync(this.absolute('SHA256SUMS'), 'utf8')
      .split('\n')
      .map((line) => /^[0-9a-f]{64} [ *](.+)$/.exec(line.trim())?.[1])
      .filter((path): path is string => path !== undefined && !this.has(path));
  }
}
