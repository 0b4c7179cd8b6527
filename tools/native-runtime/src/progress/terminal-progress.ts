import { Presets, SingleBar } from 'cli-progress';
import type { Options, Params } from 'cli-progress';
import type { Progress } from './progress.js';

const MEGABYTE = 1e6;
const TICK_MS = 250;
const BAR_WIDTH = 24;

interface Payload {
  readonly title: string;
  /** Empty while nothing is known of it. */
  readonly amount: string;
  readonly hasTotal: boolean;
  readonly seconds: number;
}

/** One line that is redrawn in place: a bar with megabytes where the size is known, seconds otherwise. */
export class TerminalProgress implements Progress {
  #bar: SingleBar | null = null;
  #ticker: NodeJS.Timeout | undefined;
  #title = '';
  #started = 0;
  #amount = '';
  #hasTotal = false;

  stage(title: string): void {
    this.end();
    this.#title = title;
    this.#amount = '';
    this.#hasTotal = false;
    this.#started = Date.now();
    this.#bar = new SingleBar({ format: drawLine, clearOnComplete: true, hideCursor: true }, Presets.legacy);
    this.#bar.start(1, 0, this.#payload());
    this.#ticker = setInterval(() => this.#bar?.update(this.#payload()), TICK_MS);
  }

  advance(done: number, total: number | null): void {
    const megabytes = (done / MEGABYTE).toFixed(0);
    this.#hasTotal = total !== null;
    this.#amount = total === null ? `${megabytes} MB` : `${megabytes} of ${(total / MEGABYTE).toFixed(0)} MB`;
    this.#bar?.update(total === null ? 0 : Math.min(1, done / total), this.#payload());
  }

  end(): void {
    clearInterval(this.#ticker);
    this.#bar?.stop();
    this.#bar = null;
  }

  #payload(): Payload {
    const seconds = Math.round((Date.now() - this.#started) / 1000);
    return { title: this.#title, amount: this.#amount, hasTotal: this.#hasTotal, seconds };
  }
}

function drawLine(_options: Options, { progress }: Params, payload: Payload): string {
  const { title, amount, hasTotal, seconds } = payload;
  const filled = Math.round(progress * BAR_WIDTH);
  const bar = hasTotal ? `[${'='.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]` : '…';
  return ['claas:', title, bar, amount, `${seconds} s`].filter((part) => part !== '').join(' ');
}
