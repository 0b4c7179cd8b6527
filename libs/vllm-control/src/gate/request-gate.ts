import { ClaasError } from '@claas/contracts';

interface Waiter {
  readonly enter: () => void;
  readonly refuse: (error: ClaasError) => void;
}

/** Where requests wait while the server sleeps, so that none hangs in it. Open, it costs a counter. */
export class RequestGate {
  private closed = false;
  /** Somebody is inside alone, or waits to be. */
  private held = false;
  private turn: Promise<unknown> = Promise.resolve();
  private inside = 0;
  private readonly waiters = new Set<Waiter>();
  private readonly watchers = new Set<() => void>();

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
    this.admit();
  }

  /**
   * Counts one request in, once the gate is open. What is returned counts it out again, once.
   * @throws ClaasError `service_overloaded` after `asleepMs`; `cancelled`
   */
  async enter(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted === true) throw cancelled();
    if (this.closed || this.held) await this.wait(signal);
    else this.inside += 1;
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.inside -= 1;
      for (const look of [...this.watchers]) look();
    };
  }

  /** As `enter`, with nobody else inside until it is counted out. */
  async enterAlone(signal?: AbortSignal): Promise<() => void> {
    const before = this.turn;
    let endTurn: () => void = () => undefined;
    this.turn = new Promise<void>((resolve) => (endTurn = resolve));
    await before;
    try {
      const leave = await this.enter(signal);
      this.held = true;
      let hasEnded = false;
      const end = (): void => {
        if (hasEnded) return;
        hasEnded = true;
        leave();
        this.held = false;
        this.admit();
        endTurn();
      };
      if (await this.whenInside(1, this.asleepMs)) return end;
      end();
      throw this.overloaded('The server could not be had alone to score tokens');
    } catch (error) {
      endTurn();
      throw error;
    }
  }

  /** Resolves to whether nobody is inside, at once or within `timeoutMs`. */
  whenIdle(timeoutMs: number): Promise<boolean> {
    return this.whenInside(0, timeoutMs);
  }

  private whenInside(count: number, timeoutMs: number): Promise<boolean> {
    if (this.inside <= count) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (isReached: boolean): void => {
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve(isReached);
      };
      const look = (): void => {
        if (this.inside <= count) end(true);
      };
      const timer = setTimeout(() => {
        end(false);
      }, timeoutMs);
      this.watchers.add(look);
    });
  }

  private admit(): void {
    if (this.closed || this.held) return;
    for (const { enter } of [...this.waiters]) enter();
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
        waiter.refuse(this.overloaded('The server sleeps while a step runs, and did not wake'));
      }, this.asleepMs);
      signal?.addEventListener('abort', abort, { once: true });
      this.waiters.add(waiter);
    });
  }

  private overloaded(what: string): ClaasError {
    const seconds = Math.max(1, Math.ceil(this.asleepMs / 1000));
    return new ClaasError('service_overloaded', `${what} within ${seconds} s. Send the request again.`, {
      retry_after_s: seconds,
    });
  }
}

function cancelled(): ClaasError {
  return new ClaasError('cancelled', 'The request was cancelled.');
}
