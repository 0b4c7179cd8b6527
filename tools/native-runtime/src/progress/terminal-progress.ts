import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from './progress.js';

const MEGABYTE = 1e6;
const TICK_MS = 250;

/** One bar that is redrawn in place: megabytes and share where the size is known, seconds otherwise. */
export class TerminalProgress implements Progress {
  #bar: SingleBar | null = null;
  #ticker: NodeJS.Timeout | undefined;
  #title = '';
  #started = 0;
  #amount = '';

  stage(title: string): void {
    this.end();
    this.#title = title;
    this.#amount = '';
    this.#started = Date.now();
    this.#bar = new SingleBar(
      { format: 'claas: {title} [{bar}] {amount} {seconds} s', clearOnComplete: true, hideCursor: true, barsize: 24 },
      Presets.legacy,
    );
    this.#bar.start(1, 0, this.#payload());
    this.#ticker = setInterval(() => this.#bar?.update(this.#payload()), TICK_MS);
  }

  advance(done: number, total: number | null): void {
    const megabytes = (done / MEGABYTE).toFixed(0);
    this.#amount = total === null ? `${megabytes} MB` : `${megabytes} of ${(total / MEGABYTE).toFixed(0)} MB`;
    this.#bar?.update(total === null ? 0 : Math.min(1, done / total), this.#payload());
  }

  end(): void {
    clearInterval(this.#ticker);
    this.#bar?.stop();
    this.#bar = null;
  }

  #payload(): { title: string; amount: string; seconds: string } {
    const seconds = ((Date.now() - this.#started) / 1000).toFixed(0);
    return { title: this.#title, amount: this.#amount, seconds };
  }
}
