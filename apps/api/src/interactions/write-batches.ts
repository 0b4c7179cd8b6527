import { setTimeout as delay } from 'node:timers/promises';

/** So much at once holds the database up for no longer than a few single writes. */
const LARGEST_BATCH = 64;

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

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      // Rows that arrive in the same turn of the event loop go together in any case.
      await (this.pauseMs === 0 ? new Promise((resolve) => setImmediate(resolve)) : delay(this.pauseMs));
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
