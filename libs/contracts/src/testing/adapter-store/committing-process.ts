import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { expect } from 'vitest';

/** A process that runs `commitForever`, and what it has said. */
export class CommittingProcess {
  readonly commits: { readonly version: number; readonly feedbackId: string }[] = [];
  /** Exit code, null after a kill; everything that it said has been read. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcessByStdio<null, Readable, null>;

  constructor(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    createInterface(this.#child.stdout).on('line', (line) => {
      const [version, feedbackId = ''] = line.split(' ');
      this.commits.push({ version: Number(version), feedbackId });
    });
    this.ended = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  async firstCommit(): Promise<void> {
    await expect.poll(() => this.commits.length, { timeout: 60_000, interval: 2 }).toBeGreaterThan(0);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    expect(await this.ended).toBeNull();
  }
}
