/**
 * Calls `onSilence` once when `isBusy` has held for longer than `limitMs` without a `sign` of life.
 * Two checks in a row must agree, because the first may run before data that has already arrived is read.
 */
export class ProgressWatchdog {
  private readonly timer: NodeJS.Timeout;
  private lastSign = performance.now();
  private isSuspect = false;

  constructor(
    private readonly limitMs: number,
    private readonly isBusy: () => boolean,
    private readonly onSilence: () => void,
  ) {
    const intervalMs = Math.min(1_000, Math.max(20, limitMs / 10));
    this.timer = setInterval(() => {
      this.check();
    }, intervalMs).unref();
  }

  sign(): void {
    this.lastSign = performance.now();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private check(): void {
    const isSilent = this.isBusy() && performance.now() - this.lastSign > this.limitMs;
    if (isSilent && this.isSuspect) {
      this.stop();
      this.onSilence();
    }
    this.isSuspect = isSilent;
  }
}
