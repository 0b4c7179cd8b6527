import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import type { NativeSettings } from '../settings/native-settings.js';
import { findExecutable } from '../process/find-executable.js';

/** A failed attempt. */
export interface RememberedFailure {
  readonly message: string;
  readonly remedy: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** After this long an automatic run tries again. */
const REMEMBERED_MS = 24 * 3600 * 1000;
const PROGRAMS = ['python3', 'pip3', 'pip', 'c++', 'g++', 'clang++', 'tar'];

/** Keeps the last costly failure, so that not every start of the service waits for the same one. */
export class FailureMemory {
  readonly #file: string;
  readonly #circumstances: string;

  constructor(settings: NativeSettings) {
    this.#file = `${settings.directory}.failure.json`;
    this.#circumstances = circumstancesOf(settings);
  }

  /** The failure of the last day under the same circumstances; null without one. */
  recall(): RememberedFailure | null {
    let value: Partial<RememberedFailure> & { circumstances?: unknown };
    try {
      value = JSON.parse(readFileSync(this.#file, 'utf8')) as typeof value;
    } catch {
      return null;
    }
    const { message, remedy, at, circumstances } = value;
    if (typeof message !== 'string' || typeof remedy !== 'string' || typeof at !== 'number') return null;
    const age = Date.now() - at;
    return circumstances === this.#circumstances && age >= 0 && age < REMEMBERED_MS ? { message, remedy, at } : null;
  }

  async remember(message: string, remedy: string): Promise<void> {
    const value = { message, remedy, at: Date.now(), circumstances: this.#circumstances };
    await writeFile(this.#file, `${JSON.stringify(value)}\n`);
  }

  async forget(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}

/** What a person would change to make it work: settings, or which programs are there. */
function circumstancesOf(settings: NativeSettings): string {
  const facts = [
    settings.libtensorflow,
    settings.archiveUrl,
    settings.compiler,
    settings.hasNvidiaDriver,
    settings.limits.download,
    ...PROGRAMS.map((name) => findExecutable(name, settings.searchPath)),
    ...['PIP_INDEX_URL', 'PIP_CONFIG_FILE', 'HTTPS_PROXY', 'https_proxy'].map((name) => settings.environment[name]),
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}
