import type { Progress } from './progress.js';

const LINE_EVERY_MS = 10_000;

/** For logs: a line per stage and, in a long one, a line now and then. */
export class PlainProgress implements Progress {
  #title = '';
  #lastLine = 0;

  constructor(private readonly writeLine: (line: string) => void) {}

  stage(title: string): void {
    this.#title = title;
    this.#line('…');
  }

  advance(done: number, total: number | null): void {
    if (Date.now() - this.#lastLine < LINE_EVERY_MS) return;
    const share = total === null || total === 0 ? '' : ` (${Math.min(100, (100 * done) / total).toFixed(0)} %)`;
    this.#line(`${(done / 1e6).toFixed(0)} MB${share}`);
  }

  end(): void {
    this.#title = '';
  }

  #line(text: string): void {
    this.#lastLine = Date.now();
    this.writeLine(`${this.#title} ${text}`);
  }
}
