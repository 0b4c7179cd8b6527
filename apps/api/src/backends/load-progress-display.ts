import type { LoadProgress } from '@claas/contracts';
import { SingleBar } from 'cli-progress';
import type { Logger } from 'pino';

const MEBIBYTE = 1 << 20;
/** Less than this is read before anybody wonders. */
const WORTH_SHOWING_BYTES = 100 * MEBIBYTE;
const SECONDS_BETWEEN_LINES = 10;

const PHASE_NAMES: Readonly<Record<LoadProgress['phase'], string>> = {
  downloading: 'downloading the base model',
  reading: 'reading the base model',
};

/** What a person sees while a large base model is fetched and read: a bar on a terminal, a log line now and then elsewhere. */
export class LoadProgressDisplay {
  private bar: SingleBar | null = null;
  private phase: LoadProgress['phase'] | null = null;
  private nextLineAt = 0;

  constructor(
    private readonly logger: Logger,
    private readonly terminal: NodeJS.WriteStream | null = process.stderr.isTTY ? process.stderr : null,
    private readonly now: () => number = () => performance.now(),
  ) {}

  show(progress: LoadProgress): void {
    if (progress.totalBytes < WORTH_SHOWING_BYTES) return;
    if (progress.phase !== this.phase) this.begin(progress);
    if (this.terminal === null) this.line(progress);
    else this.bar?.update(Math.round(progress.loadedBytes / MEBIBYTE));
    if (progress.loadedBytes >= progress.totalBytes) this.end();
  }

  private begin({ phase, totalBytes }: LoadProgress): void {
    this.end();
    this.phase = phase;
    this.nextLineAt = 0;
    if (this.terminal === null) return;
    const format = `${PHASE_NAMES[phase]} [{bar}] {value}/{total} MiB · {eta_formatted} left`;
    this.bar = new SingleBar({ format, stream: this.terminal, hideCursor: true });
    this.bar.start(Math.round(totalBytes / MEBIBYTE), 0);
  }

  private line({ phase, loadedBytes, totalBytes }: LoadProgress): void {
    const isLast = loadedBytes >= totalBytes;
    if (!isLast && this.now() < this.nextLineAt) return;
    this.nextLineAt = this.now() + 1000 * SECONDS_BETWEEN_LINES;
    const fields = { loaded_bytes: loadedBytes, total_bytes: totalBytes };
    this.logger.info(fields, `${PHASE_NAMES[phase]}: ${Math.floor((100 * loadedBytes) / totalBytes)} %`);
  }

  private end(): void {
    this.bar?.stop();
    this.bar = null;
    this.phase = null;
  }
}
