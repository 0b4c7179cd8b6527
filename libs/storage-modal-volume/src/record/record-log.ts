import { randomUUID } from 'node:crypto';
import { ClaasError } from '@claas/contracts';
import { inParallel } from '../blocks/in-parallel.js';
import type { VolumeFiles } from '../files/volume-files.js';

export interface LoggedRecord<T> {
  readonly number: number;
  readonly content: T;
}

/** Older records are kept for whoever looks for what happened, and so that a slow writer finds its number taken. */
const KEPT_RECORDS = 16;
const KEPT_FOR_MS = 24 * 3_600_000;
const TRIM_EVERY = 32;
const APPEND_ATTEMPTS = 2;
const READ_ATTEMPTS = 5;

/**
 * A value that several processes replace safely, on a store that has neither locks nor rename: a folder of numbered records, of
 * which the highest is in force. Each is written once, by whoever first creates the file of its number; that the volume lets
 * only one do so (`disallow_overwrite_existing_files`) is all that this rests on.
 */
export class RecordLog<T> {
  #seen: LoggedRecord<T> | null = null;

  constructor(
    private readonly files: VolumeFiles,
    private readonly folder: string,
    private readonly isContent: (value: unknown) => value is T,
  ) {}

  /** The record in force; null when there is none. @throws ClaasError `storage_unavailable` for a damaged one */
  async latest(): Promise<LoggedRecord<T> | null> {
    for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt += 1) {
      const seen = this.#seen;
      const highest = (await this.#numbers()).at(-1)?.number ?? 0;
      if (seen !== null && highest === seen.number) return seen;
      if (seen !== null && highest < seen.number) {
        // The listing is behind, unless what was seen is really gone.
        if ((await this.files.readText(this.#path(seen.number))) !== null) return seen;
        this.#forget(seen);
        continue;
      }
      if (highest === 0) return null;
      const record = await this.#read(highest);
      // Null: trimmed or removed since it was listed.
      if (record === null) continue;
      return this.#remember(record);
    }
    throw new ClaasError(
      'storage_unavailable',
      `${this.folder} on the volume changes faster than it can be read, or lists files that it doesn't have. Try again.`,
      { folder: this.folder },
    );
  }

  /** Puts `content` in force after record `after`, 0 for the first. False when somebody else came first. */
  async append(after: number, content: T): Promise<boolean> {
    const number = after + 1;
    const text = `${JSON.stringify({ ...content, claim: randomUUID() })}\n`;
    const found = await this.#createOnce(this.#path(number), text);
    this.#remember({ number, content: found === text ? content : this.#parse(number, found) });
    if (found !== text) return false;
    if (number % TRIM_EVERY === 0) await this.trim().catch(() => undefined);
    return true;
  }

  /** Removes records that were replaced long ago. */
  async trim(): Promise<void> {
    const records = await this.#numbers();
    const old = records.slice(0, -KEPT_RECORDS).filter(({ modifiedMs }) => Date.now() - modifiedMs > KEPT_FOR_MS);
    await inParallel(old, 4, ({ number }) => this.files.remove(this.#path(number)));
  }

  /**
   * What the file holds in the end. An answer that was lost may have been a success, and the SDK asks again by itself: "exists" can
   * mean this very record. The claim in it makes each text unlike any other.
   */
  async #createOnce(path: string, text: string): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const isCreated = await this.files.writeText(path, text, { createOnly: true });
        const found = await this.files.readText(path);
        if (found !== null) return found;
        // Written, and not to be read yet.
        if (isCreated) return text;
        if (attempt >= APPEND_ATTEMPTS) throw unreadable(path);
      } catch (error) {
        if (attempt >= APPEND_ATTEMPTS) throw error;
        const found = await this.files.readText(path).catch(() => null);
        if (found !== null) return found;
      }
    }
  }

  #remember(record: LoggedRecord<T>): LoggedRecord<T> {
    if (this.#seen === null || this.#seen.number < record.number) this.#seen = record;
    return this.#seen;
  }

  #forget(record: LoggedRecord<T>): void {
    if (this.#seen === record) this.#seen = null;
  }

  /** Ascending. */
  async #numbers(): Promise<{ readonly number: number; readonly modifiedMs: number }[]> {
    const entries = (await this.files.list(this.folder)) ?? [];
    return entries
      .flatMap(({ path, modifiedMs }) => {
        const number = Number(/\/(\d{12})\.json$/.exec(path)?.[1] ?? 0);
        return number > 0 ? [{ number, modifiedMs }] : [];
      })
      .sort((a, b) => a.number - b.number);
  }

  async #read(number: number): Promise<LoggedRecord<T> | null> {
    const text = await this.files.readText(this.#path(number));
    if (text === null) return null;
    return { number, content: this.#parse(number, text) };
  }

  #parse(number: number, text: string): T {
    const content = parse(text);
    if (this.isContent(content)) return content;
    const path = this.#path(number);
    throw new ClaasError(
      'storage_unavailable',
      `${path} on the volume is damaged. Remove it to go back to what was in force before, or restore it.`,
      { file: path },
    );
  }

  #path(number: number): string {
    return `${this.folder}/${String(number).padStart(12, '0')}.json`;
  }
}

function unreadable(path: string): ClaasError {
  const message = `${path} on the volume can't be overwritten, and can't be read either. Try again.`;
  return new ClaasError('storage_unavailable', message, { file: path });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
