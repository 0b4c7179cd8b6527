import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSettings, type Flags, type StackSettings, type Variables } from '../settings/read-settings.js';

export interface Workplace {
  readonly directory: string;
  /** Writes a file there. */
  write(name: string, text: string): string;
  settings(flags?: Flags, env?: Variables): StackSettings;
  remove(): void;
}

/** An empty folder to start a stack in. */
export function makeWorkplace(): Workplace {
  const directory = mkdtempSync(path.join(tmpdir(), 'claas-stack-'));
  return {
    directory,
    write: (name, text) => {
      const file = path.join(directory, name);
      writeFileSync(file, text, { mode: 0o755 });
      return file;
    },
    settings: (flags = {}, env = {}) => readSettings(flags, env, directory),
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('No free port.'));
        else resolve(address.port);
      });
    });
  });
}

/** Looks until it is so. */
export async function until(isSo: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`It was not so within ${limitMs} ms: ${isSo.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
