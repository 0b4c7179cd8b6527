import type { TransferProgress } from '@claas/storage-modal-volume';
import type { Logger } from 'pino';

/** Less than this has gone through before anybody wonders. */
const WORTH_SHOWING_BYTES = 100 * (1 << 20);
const SECONDS_BETWEEN_LINES = 10;

/** A log line now and then while something large goes to a volume or comes from it. */
export class TransferDisplay {
  private nextLineAt = 0;

  constructor(
    private readonly logger: Logger,
    private readonly now: () => number = () => performance.now(),
  ) {}

  show({ direction, what, bytes, totalBytes }: TransferProgress): void {
    if (totalBytes < WORTH_SHOWING_BYTES) return;
    if (bytes < totalBytes && this.now() < this.nextLineAt) return;
    this.nextLineAt = this.now() + 1000 * SECONDS_BETWEEN_LINES;
    const fields = { transferred_bytes: bytes, total_bytes: totalBytes };
    this.logger.info(fields, `${direction} of ${what}: ${Math.floor((100 * bytes) / totalBytes)} %`);
  }
}
