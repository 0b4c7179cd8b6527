import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { nativeRuntimeDirectory, readNativeRuntime } from '@claas/tensor-backend/native-runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findExecutable } from '../process/find-executable.js';
import { startMain } from '../testing/run-main.js';
import type { MainRun } from '../testing/run-main.js';
import { writeProgram } from '../testing/write-files.js';

/** The whole way through the machine's own pip: a download of 274 MB, or less from pip's cache. */
const MINUTES = 60_000;
const searchPath = process.env['PATH'] ?? '';
let home = '';
let directory = '';

beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'native-runtime-'));
  directory = nativeRuntimeDirectory({ CLAAS_CACHE_DIR: home });
});
afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

function start(bin: string): MainRun {
  const environment = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(CLAAS_|VITEST|NODE_OPTIONS)/.test(entry[0]),
  );
  return startMain(home, [], {
    ...Object.fromEntries(environment),
    PATH: `${path.join(home, bin)}:${searchPath}`,
    CLAAS_CACHE_DIR: home,
    CLAAS_LIBTENSORFLOW_URL: 'http://127.0.0.1:9/lib.tar.gz',
  });
}

it(
  'brings the wheel through pip, and after a kill goes on without downloading again',
  { timeout: 12 * MINUTES },
  async (context) => {
    const python = findExecutable('python3', searchPath);
    if (python === null) {
      console.warn('SKIPPED the way through pip: no python3.');
      return context.skip('no python3');
    }
    // Python without its TensorFlow, which would be taken first.
    writeProgram(path.join(home, 'with-pip/python3'), `[ "$1" = -c ] && exit 0; exec ${python} "$@"`);
    const first = start('with-pip');
    const state = { hasEnded: false };
    void first.ended.then(() => (state.hasEnded = true));
    await expect.poll(() => state.hasEnded || first.said().includes('Unpacking'), { timeout: 9 * MINUTES }).toBe(true);
    if (state.hasEnded) {
      const { said } = await first.ended;
      expect(said).toMatch(/libtensorflow can't be had|no C\+\+ compiler|are needed in/);
      console.warn(`SKIPPED the way through pip: ${said}`);
      return context.skip('this machine has no network, compiler or room');
    }
    first.child.kill('SIGKILL');
    await first.ended;
    expect(existsSync(directory)).toBe(false);

    for (const name of ['python3', 'pip3', 'pip']) writeProgram(path.join(home, 'without-pip', name), 'exit 1');
    const second = await start('without-pip').ended;
    expect(second.said).not.toContain('Downloading');
    expect(second.said).toMatch(
      /Native library: TensorFlow 2\.21\.0, .* from the tensorflow\S* 2\.21\.0 wheel \(pip\)/,
    );
    expect(readNativeRuntime(directory).state).toBe('ready');
    // The wheel and the staging folders are gone: they are twice as large as the runtime.
    expect(readdirSync(path.dirname(directory)).sort()).toEqual([
      path.basename(directory),
      `${path.basename(directory)}.log`,
    ]);
  },
);
