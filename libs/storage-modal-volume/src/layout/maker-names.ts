import { randomBytes } from 'node:crypto';

/** Gives folders names that nobody else gives, and that tell which process made them. */
export class MakerNames {
  /** Of this process, on this volume. */
  readonly maker = randomBytes(6).toString('hex');
  #count = 0;

  name(prefix: string): string {
    this.#count += 1;
    return `${prefix}~${this.maker}-${this.#count}`;
  }
}

/** Who made the folder of this name; null for a name that is not of {@link MakerNames}. */
export function makerOf(name: string): string | null {
  return /~([0-9a-f]{12})-\d+$/.exec(name)?.[1] ?? null;
}
