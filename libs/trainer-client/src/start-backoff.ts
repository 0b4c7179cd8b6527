import type { ClaasError } from '@claas/contracts';

/**
 * Keeps a trainer that can't start from being started at every request. The first failure may be tried again at once;
 * from the second in a row on, requests fail with the known reason until the wait is over, which doubles each time.
 */
export class StartBackoff {
  private failures = 0;
  private nextStartAt = 0;
  private lastError: ClaasError | null = null;

  constructor(
    private readonly firstWaitMs: number,
    private readonly maxWaitMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Why the last start failed; null after one that did not. */
  get problem(): ClaasError | null {
    return this.lastError;
  }

  /** @throws ClaasError the last start's, while it is too early for another */
  check(): void {
    if (this.lastError !== null && this.now() < this.nextStartAt) throw this.lastError;
  }

  failed(error: ClaasError): void {
    this.failures += 1;
    this.lastError = error;
    const waitMs = this.failures === 1 ? 0 : Math.min(this.maxWaitMs, this.firstWaitMs * 2 ** (this.failures - 2));
    this.nextStartAt = this.now() + waitMs;
  }

  succeeded(): void {
    this.failures = 0;
    this.lastError = null;
  }
}
