/** Values that one side pushes and another awaits, in order; ends or fails once. */
export class TokenStream<T> implements AsyncIterable<T> {
  private readonly waiting: T[] = [];
  private end: { readonly error: Error | null } | null = null;
  private wake: (() => void) | null = null;
  /** Resolves with the first value, or with the end, and never rejects. */
  readonly begun: Promise<void>;
  private readonly begin: () => void;

  constructor() {
    let resolveBegun = (): void => undefined;
    this.begun = new Promise((resolve) => (resolveBegun = resolve));
    this.begin = resolveBegun;
  }

  push(value: T): void {
    this.waiting.push(value);
    this.notify();
  }

  /** Nothing more comes; a reader that has read everything gets `error`, where there is one. */
  close(error: Error | null = null): void {
    this.end ??= { error };
    this.notify();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      for (let value = this.waiting.shift(); value !== undefined; value = this.waiting.shift()) yield value;
      if (this.end !== null) {
        if (this.end.error !== null) throw this.end.error;
        return;
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private notify(): void {
    this.begin();
    this.wake?.();
    this.wake = null;
  }
}
