import type { CaseResult } from './case-result.js';

const BAR_WIDTH = 24;
/** Of one case: the first ones say what is wrong. */
const MISSES_SHOWN = 8;

/** One line per case on `output`, with a progress bar below them where that is a terminal. */
export class Report {
  passed = 0;
  failed = 0;
  #barShown = false;

  constructor(
    private readonly output: NodeJS.WriteStream | { write(text: string): unknown; isTTY?: boolean },
    private readonly total: number,
  ) {}

  add(result: CaseResult): void {
    const isPassed = result.misses.length === 0;
    if (isPassed) this.passed++;
    else this.failed++;
    const worst =
      result.worst === null ? 'exact' : `${(100 * result.worst.share).toPrecision(2)} % ${result.worst.quantity}`;
    this.line(
      `${isPassed ? 'ok  ' : 'FAIL'} ${result.name}  worst ${worst}, ${result.comparedValues} values, ${result.milliseconds.toFixed(0)} ms`,
    );
    for (const { quantity, problem } of result.misses.slice(0, MISSES_SHOWN))
      this.line(`       ${quantity}: ${problem}`);
    const more = result.misses.length - MISSES_SHOWN;
    if (more > 0) this.line(`       and ${more} more`);
    this.#drawBar();
  }

  /** Something that is wrong with the set itself. */
  fail(text: string): void {
    this.failed++;
    this.line(`FAIL ${text}`);
  }

  line(text: string): void {
    if (this.#barShown) this.output.write('\r\u001b[2K');
    this.#barShown = false;
    this.output.write(`${text}\n`);
  }

  summary(): void {
    this.line(`${this.passed} passed, ${this.failed} failed`);
  }

  #drawBar(): void {
    const done = this.passed + this.failed;
    if (this.output.isTTY !== true || done >= this.total) return;
    const filled = Math.round((BAR_WIDTH * done) / this.total);
    this.output.write(`[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${done}/${this.total}`);
    this.#barShown = true;
  }
}
