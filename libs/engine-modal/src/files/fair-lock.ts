interface Waiting {
  readonly isExclusive: boolean;
  readonly enter: () => void;
}

/** Many who read and write files of a mount, or one who reloads it; in order of arrival. */
export class FairLock {
  private readonly queue: Waiting[] = [];
  private shared = 0;
  private isExclusive = false;

  /** Resolves with the function that leaves again; leaving twice is fine. */
  async enter(mode: 'shared' | 'exclusive'): Promise<() => void> {
    const isExclusive = mode === 'exclusive';
    await new Promise<void>((resolve) => {
      this.queue.push({ isExclusive, enter: resolve });
      this.admit();
    });
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      if (isExclusive) this.isExclusive = false;
      else this.shared -= 1;
      this.admit();
    };
  }

  private admit(): void {
    for (let next = this.queue[0]; next !== undefined; next = this.queue[0]) {
      if (this.isExclusive || (next.isExclusive && this.shared > 0)) return;
      this.queue.shift();
      if (next.isExclusive) this.isExclusive = true;
      else this.shared += 1;
      next.enter();
    }
  }
}
