import { setTimeout as delay } from 'node:timers/promises';

/** Rows of one statement; a server's limit on parameters is far above. */
const LARGEST_BATCH = 500;

interface Waiting<Row> {
  readonly row: Row;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Writes rows in batches: one batch at a time, and whatever arrives meanwhile, or within `pauseMs`, is the next. */
export class WriteBatches<Row> {
  private waiting: Waiting<Row>[] = [];
  private writing: Promise<void> | null = null;

  constructor(
    private readonly insert: (batch: readonly Row[]) => Promise<void>,
    private readonly pauseMs = 0,
  ) {}

  /** Returns when the row is written. */
  write(row: Row): Promise<void> {
    const written = new Promise<void>((resolve, reject) => this.waiting.push({ row, resolve, reject }));
    this.writing ??= this.writeAll();
    return written;
  }

  /** Resolves when nothing waits to be written. */
  async settled(): Promise<void> {
    await this.writing;
  }

  /** Rows that arrive in the same turn of the event loop go together in any case; a full batch waits for no more. */
  private async pause(): Promise<void> {
    if (this.pauseMs > 0 && this.waiting.length < LARGEST_BATCH) await delay(this.pauseMs);
    else await new Promise((resolve) => setImmediate(resolve));
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      await this.pause();
      const batch = this.waiting.splice(0, LARGEST_BATCH);
      try {
        await this.insert(batch.map(({ row }) => row));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.writing = null;
  }
}
