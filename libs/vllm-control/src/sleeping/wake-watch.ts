const PAUSE_MS = 2_000;

/** Tries to wake a server again and again, after an attempt that failed, until it works or somebody else takes over. */
export class WakeWatch {
  private timer: NodeJS.Timeout | null = null;
  private run = 0;

  constructor(private readonly wake: () => Promise<void>) {}

  start(): void {
    this.stop();
    this.schedule(this.run);
  }

  stop(): void {
    this.run += 1;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private schedule(run: number): void {
    this.timer = setTimeout(() => {
      this.wake().catch(() => {
        if (run === this.run) this.schedule(run);
      });
    }, PAUSE_MS);
    this.timer.unref();
  }
}
