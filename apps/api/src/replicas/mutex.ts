/** Lets one asynchronous piece of work run at a time, first come, first served. */
export class Mutex {
  private tail: Promise<unknown> = Promise.resolve();
  private unfinished = 0;

  /** True when nothing runs and nothing waits. */
  get isFree(): boolean {
    return this.unfinished === 0;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    this.unfinished += 1;
    const previous = this.tail;
    let release = (): void => undefined;
    this.tail = new Promise<void>((resolve) => (release = resolve));
    try {
      await previous;
      return await work();
    } finally {
      this.unfinished -= 1;
      release();
    }
  }
}
