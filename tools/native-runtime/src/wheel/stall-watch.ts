/** Notices that nothing arrives any more. */
export class StallWatch {
  #amount = -1;
  #changed = Date.now();

  constructor(private readonly limitMs: number) {}

  /** Something else shows that work goes on. */
  touch(): void {
    this.#changed = Date.now();
  }

  /** @param amount what has arrived so far, bytes @returns a clause when that has not changed for too long, else null */
  check(amount: number): string | null {
    if (amount !== this.#amount) {
      this.#amount = amount;
      this.touch();
    }
    if (Date.now() - this.#changed <= this.limitMs) return null;
    return `nothing arrived for ${Math.round(this.limitMs / 1000)} s`;
  }
}
