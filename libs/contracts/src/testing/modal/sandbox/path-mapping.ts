import { join } from 'node:path';

/**
 * A Sandbox has a file system of its own, a process of the double has the machine's: what a command, its environment and its
 * working directory name by a Sandbox's path lies elsewhere.
 */
export class PathMapping {
  /** Longest prefix first. */
  private readonly places: readonly (readonly [string, string])[];

  constructor(places: Readonly<Record<string, string>>) {
    this.places = Object.entries(places).sort(([a], [b]) => b.length - a.length);
  }

  /** `text` where it is such a path; anything else stays. */
  map(text: string): string {
    for (const [from, to] of this.places) {
      if (text === from) return to;
      if (text.startsWith(`${from}/`)) return join(to, text.slice(from.length + 1));
    }
    return text;
  }
}
