import { interruptedError } from '../errors/command-error.js';

/** What Ctrl-C does: by default it ends the program in order, a second time at once. */
export class Interrupts {
  private readonly controller = new AbortController();
  private readonly handlers: (() => void)[] = [];

  constructor(private readonly endNow: () => void) {}

  /** Aborted when the whole program is to end. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** For SIGINT and SIGTERM. */
  readonly fire = (): void => {
    const handler = this.handlers.at(-1);
    if (handler !== undefined) handler();
    else if (this.signal.aborted) this.endNow();
    else this.controller.abort(interruptedError('Interrupted.'));
  };

  /** While `work` runs, Ctrl-C aborts its signal and nothing else; a second time ends the program. */
  async during<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const handler = (): void => {
      if (controller.signal.aborted) this.endNow();
      controller.abort(interruptedError('Interrupted.'));
    };
    this.handlers.push(handler);
    try {
      return await work(AbortSignal.any([controller.signal, this.signal]));
    } finally {
      this.handlers.splice(this.handlers.indexOf(handler), 1);
    }
  }
}
