import { setTimeout as delay } from 'node:timers/promises';
import { ClaasError } from '@claas/contracts';
import type { VolumeFiles } from '../files/volume-files.js';
import { VOLUME } from '../layout/volume-layout.js';
import { RecordLog } from '../record/record-log.js';
import { volumeGone } from '../rpc/modal-errors.js';
import { NO_NAMES, isNamesTable, type NamesTable } from './names-table.js';

/** The table of names in force on a volume, and how it changes: by compare-and-swap of the whole. */
export class AdapterNames {
  readonly #log: RecordLog<NamesTable>;

  constructor(
    private readonly files: VolumeFiles,
    private readonly volume: string,
  ) {
    this.#log = new RecordLog(files, VOLUME.names, isNamesTable);
  }

  /** Makes the first table on an empty volume. @throws ClaasError `storage_unavailable` where adapters have lost theirs */
  async open(): Promise<void> {
    if ((await this.#log.latest()) !== null) {
      await this.#log.trim();
      return;
    }
    const adapters = (await this.files.list(VOLUME.adapters)) ?? [];
    if (adapters.length > 0) {
      throw new ClaasError(
        'storage_unavailable',
        `${VOLUME.names} is missing on the Modal volume ${this.volume}, though ${VOLUME.adapters} is not empty. Restore it, or move the adapters away.`,
        { volume: this.volume, file: VOLUME.names },
      );
    }
    await this.#log.append(0, NO_NAMES);
  }

  async table(): Promise<NamesTable> {
    return (await this.#latest()).content;
  }

  /**
   * Puts what `next` makes of the table in its place; `next` is called again when somebody else was faster, and may throw to leave
   * everything as it is. Null changes nothing. Returns the table that was replaced, or null.
   */
  async change(next: (table: NamesTable) => NamesTable | null): Promise<NamesTable | null> {
    for (;;) {
      const { number, content } = await this.#latest();
      const changed = next(content);
      if (changed === null) return null;
      if (await this.#log.append(number, changed)) return content;
      await delay(Math.random() * 20);
    }
  }

  async #latest(): Promise<{ readonly number: number; readonly content: NamesTable }> {
    const record = await this.#log.latest();
    if (record === null) throw volumeGone(this.volume);
    return record;
  }
}
