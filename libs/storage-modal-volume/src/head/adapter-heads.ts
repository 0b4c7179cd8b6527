import type { VolumeFiles } from '../files/volume-files.js';
import { headsPath } from '../layout/volume-layout.js';
import { RecordLog, type LoggedRecord } from '../record/record-log.js';
import { isHeadRecord, type HeadRecord } from './head-record.js';

/** The head of each adapter, by its folder. */
export class AdapterHeads {
  readonly #logs = new Map<string, RecordLog<HeadRecord>>();

  constructor(private readonly files: VolumeFiles) {}

  /** Null where there is none (any more). */
  latest(adapter: string): Promise<LoggedRecord<HeadRecord> | null> {
    return this.#log(adapter).latest();
  }

  /** Compare-and-swap: false when the head is not record `after` any more. */
  append(adapter: string, after: number, head: HeadRecord): Promise<boolean> {
    return this.#log(adapter).append(after, head);
  }

  trim(adapter: string): Promise<void> {
    return this.#log(adapter).trim();
  }

  forget(adapter: string): void {
    this.#logs.delete(adapter);
  }

  #log(adapter: string): RecordLog<HeadRecord> {
    const log = this.#logs.get(adapter) ?? new RecordLog(this.files, headsPath(adapter), isHeadRecord);
    this.#logs.set(adapter, log);
    return log;
  }
}
