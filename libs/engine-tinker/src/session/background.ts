/** Work that nobody waits for, until somebody wants to know that it is done. */
export class Background {
  private readonly running = new Set<Promise<unknown>>();

  /** Its failure is nobody's. */
  run(work: Promise<unknown>): void {
    const settled = work.catch(() => undefined).finally(() => this.running.delete(settled));
    this.running.add(settled);
  }

  /** Resolves when nothing runs, what was begun in the meantime included. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }
}
