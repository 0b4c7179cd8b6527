import { ClaasError } from '@claas/contracts';

type Mode = 'shared' | 'exclusive';

interface Waiting {
  readonly mode: Mode;
  readonly enter: () => void;
}

/**
 * Who may compute. Steps are alone; answers run beside one another, up to `maxShared` at a time, because each holds a
 * key/value cache. Strictly in order of arrival: an answer that comes after a waiting step waits for that step, so steps
 * are never starved, and an answer before it never waits for it.
 */
export class AcceleratorLock {
  private readonly queue: Waiting[] = [];
  private shared = 0;
  private isExclusive = false;

  constructor(private readonly maxShared: number) {}

  get isBusy(): boolean {
    return this.isExclusive || this.shared > 0;
  }

  /** Runs `work` when its turn has come. @throws ClaasError `cancelled` when `signal` aborts before that */
  async run<T>(mode: Mode, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.turn(mode, signal);
    try {
      return await work();
    } finally {
      if (mode === 'exclusive') this.isExclusive = false;
      else this.shared -= 1;
      this.admit();
    }
  }

  private turn(mode: Mode, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.queue.splice(this.queue.indexOf(waiting), 1);
        reject(new ClaasError('cancelled', 'The request was cancelled while it waited for its turn.'));
        this.admit();
      };
      const waiting: Waiting = {
        mode,
        enter: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      this.queue.push(waiting);
      if (signal.aborted) {
        leave();
        return;
      }
      signal.addEventListener('abort', leave, { once: true });
      this.admit();
    });
  }

  private admit(): void {
    for (let next = this.queue[0]; next !== undefined && this.hasRoomFor(next.mode); next = this.queue[0]) {
      this.queue.shift();
      if (next.mode === 'exclusive') this.isExclusive = true;
      else this.shared += 1;
      next.enter();
    }
  }

  private hasRoomFor(mode: Mode): boolean {
    if (this.isExclusive) return false;
    return mode === 'exclusive' ? this.shared === 0 : this.shared < this.maxShared;
  }
}
