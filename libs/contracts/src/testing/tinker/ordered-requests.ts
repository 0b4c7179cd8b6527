import type { Payload } from './futures.js';

/**
 * The requests of one model or sampling session: each is done once, however often it is sent, and where order counts,
 * in the order of their numbers whatever order they come in.
 */
export class OrderedRequests {
  private readonly ids = new Map<number, string>();
  private readonly waiting = new Map<number, () => void>();
  private next: number;

  constructor(
    first: number,
    private readonly isOrdered: boolean,
  ) {
    this.next = first;
  }

  /** The id that a request of this number has; null when it is new. */
  known(seqId: number): string | null {
    return this.ids.get(seqId) ?? null;
  }

  remember(seqId: number, id: string): void {
    this.ids.set(seqId, id);
  }

  async run(seqId: number, work: () => Promise<Payload>): Promise<Payload> {
    if (this.isOrdered && seqId > this.next) {
      await new Promise<void>((resolve) => this.waiting.set(seqId, resolve));
    }
    try {
      return await work();
    } finally {
      this.next = Math.max(this.next, seqId + 1);
      this.waiting.get(this.next)?.();
      this.waiting.delete(this.next);
    }
  }
}
