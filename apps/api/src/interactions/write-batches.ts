/** So much at once holds the database up for no longer than a few single writes. */
const LARGEST_BATCH = 64;

interface Waiting<Row> {
  readonly row: Row;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Writes rows in batches: one batch at a time, and whatever arrives meanwhile is the next. */
export class WriteBatches<Row> {
  private waiting: Waiting<Row>[] = [];
  private writing: Promise<void> | null = null;

  constructor(private readonly insert: (batch: readonly Row[]) => Promise<void>) {}

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
    // Rows that arrive in the same turn of the event loop go together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
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
