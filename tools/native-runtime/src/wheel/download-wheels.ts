import { readdirSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Environment } from '@claas/tensor-backend/native-runtime';
import { runCommand } from '../process/run-command.js';
import type { Progress } from '../progress/progress.js';
import { SourceUnavailable } from '../sources/library-source.js';
import { StallWatch } from './stall-watch.js';
import type { Pip } from './find-pip.js';

export interface WheelOrder {
  /** As pip takes them: `tensorflow-cpu==2.21.0`. */
  readonly requirements: readonly string[];
  /** Where the wheels go. */
  readonly destination: string;
  readonly environment: Environment;
  readonly timeoutMs: number;
  readonly stallMs: number;
  readonly progress: Progress;
  readonly onOutput: (text: string) => void;
}

/**
 * Interpreters to ask for wheels of: the machine's own, then two that every TensorFlow of the last years was built for.
 * Which one does not matter, libtensorflow is the same in all of them.
 */
const PYTHONS = [[], ['--python-version', '3.12'], ['--python-version', '3.11']];
const UNITS: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9 };

/**
 * Downloads wheels, and nothing that they depend on, through the machine's pip.
 * pip leaves a wheel in its temporary folder while it arrives: that folder's size is the progress.
 * @throws SourceUnavailable with pip's own reason
 */
export async function downloadWheels(pip: Pip, order: WheelOrder): Promise<void> {
  const temporary = `${order.destination}.arriving`;
  await rm(temporary, { recursive: true, force: true });
  const arrived = path.join(temporary, 'wheels');
  await mkdir(arrived, { recursive: true });
  let reason = '';
  try {
    for (const python of PYTHONS) {
      reason = await download(pip, order, python, temporary, arrived);
      if (reason === '') {
        await mkdir(order.destination, { recursive: true });
        for (const name of readdirSync(arrived)) {
          await rename(path.join(arrived, name), path.join(order.destination, name));
        }
        return;
      }
      if (!/no matching distribution/i.test(reason)) break;
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  throw new SourceUnavailable(`pip: ${reason}`);
}

/** @returns why it failed; empty when the wheels are in `arrived` */
async function download(
  pip: Pip,
  order: WheelOrder,
  python: readonly string[],
  temporary: string,
  arrived: string,
): Promise<string> {
  let total: number | null = null;
  const stall = new StallWatch(order.stallMs);
  const result = await runCommand(
    pip.program,
    [
      ...pip.firstArguments,
      ...[
        'download',
        '--no-deps',
        '--only-binary=:all:',
        '--disable-pip-version-check',
        '--no-input',
        '--retries',
        '2',
      ],
      ...['--progress-bar', 'off', ...python, '--dest', arrived, ...order.requirements],
    ],
    {
      // Beside the destination: /tmp is often small, and a rename must do.
      environment: { ...order.environment, TMPDIR: temporary, PYTHONUNBUFFERED: '1' },
      timeoutMs: order.timeoutMs,
      watch: () => {
        const done = sizeOf(temporary);
        order.progress.advance(done, total);
        return stall.check(done);
      },
      onOutput: (text) => {
        order.onOutput(text);
        stall.touch();
        const size = announcedSize(text);
        if (size > 0) total = (total ?? 0) + size;
      },
    },
  );
  if (result.ok) return '';
  return pipError(result.stderr) ?? result.reason;
}

/** pip announces `Downloading x.whl (273.8 MB)` for each file. */
function announcedSize(text: string): number {
  let bytes = 0;
  for (const [, amount, unit] of text.matchAll(/Downloading \S+ \(([\d.]+) (kB|MB|GB)\)/g)) {
    bytes += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  }
  return bytes;
}

/** What pip names as the cause; a connection's trouble is in its warnings, the last error only says that nothing was found. */
function pipError(stderr: string): string | null {
  const lines = stderr.split('\n').map((line) => line.trim());
  const connection = lines.find((line) => /^WARNING: Retrying/.test(line));
  const cause =
    connection === undefined ? undefined : /['"]([^'"]*(?:Error|timed out|resolution)[^'"]*)['"]/.exec(connection);
  if (connection !== undefined) return `the package index can't be reached (${cause?.[1] ?? 'connection broken'})`;
  const error = lines.findLast((line) => line.startsWith('ERROR:')) ?? lines.findLast((line) => line !== '');
  return error?.replace(/^ERROR:\s*/, '').slice(0, 200) ?? null;
}

/** Bytes of the files below a folder; those that vanish meanwhile count nothing. */
function sizeOf(directory: string): number {
  try {
    return readdirSync(directory, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, entry) => {
        const found = statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false });
        return sum + (found?.size ?? 0);
      }, 0);
  } catch {
    return 0;
  }
}
