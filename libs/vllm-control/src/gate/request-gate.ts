import { ClaasError } from '@claas/contracts';

interface Waiter {
  readonly enter: () => void;
  readonly refuse: (error: ClaasError) => void;
}

/** Where requests wait while the server sleeps, so that none hangs in it. Open, it costs a counter. */
export class RequestGate {
  private closed = false;
  private inside = 0;
  private readonly waiters = new Set<Waiter>();
  private readonly idle = new Set<() => void>();

  /** @param asleepMs how long a request waits before it is refused */
  constructor(private readonly asleepMs: number) {}

  get isOpen(): boolean {
    return !this.closed;
  }

  get running(): number {
    return this.inside;
  }

  get waiting(): number {
    return this.waiters.size;
  }

  /** Lets requests inside end, and no other in. */
  close(): void {
    this.closed = true;
  }

  /** Lets in who waits, in order of arrival. */
  open(): void {
    this.closed = false;
    for (const { enter } of [...this.waiters]) enter();
  }

  /**
   * Counts one request in, once the gate is open. What is returned counts it out again, once.
   * @throws ClaasError `service_overloaded` after `asleepMs`; `cancelled`
   */
  async enter(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted === true) throw cancelled();
    if (this.closed) await this.wait(signal);
    else this.inside += 1;
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.inside -= 1;
      if (this.inside === 0) for (const tell of [...this.idle]) tell();
    };
  }

  /** Resolves to whether nobody is inside, at once or within `timeoutMs`. */
  whenIdle(timeoutMs: number): Promise<boolean> {
    if (this.inside === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (isIdle: boolean): void => {
        clearTimeout(timer);
        this.idle.delete(tell);
        resolve(isIdle);
      };
      const tell = (): void => {
        end(true);
      };
      const timer = setTimeout(() => {
        end(false);
      }, timeoutMs);
      this.idle.add(tell);
    });
  }

  private wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        signal?.removeEventListener('abort', abort);
      };
      const waiter: Waiter = {
        enter: () => {
          end();
          this.inside += 1;
          resolve();
        },
        refuse: (error) => {
          end();
          reject(error);
        },
      };
      const abort = (): void => {
        waiter.refuse(cancelled());
      };
      const timer = setTimeout(() => {
        waiter.refuse(this.asleep());
      }, this.asleepMs);
      signal?.addEventListener('abort', abort, { once: true });
      this.waiters.add(waiter);
    });
  }

  private asleep(): ClaasError {
    const seconds = Math.max(1, Math.ceil(this.asleepMs / 1000));
    return new ClaasError(
      'service_overloaded',
      `The server sleeps while a step runs, and did not wake within ${seconds} s. Send the request again.`,
      { retry_after_s: seconds },
    );
  }
}

function cancelled(): ClaasError {
  return new ClaasError('cancelled', 'The request was cancelled.');
}
