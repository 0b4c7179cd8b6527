import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { isRunning } from '../testing/is-running.js';
import { WHEEL_FILES } from '../testing/library-files.js';
import { makeSettings } from '../testing/make-settings.js';
import { makeZip } from '../testing/make-zip.js';
import { RecordedProgress } from '../testing/recorded-progress.js';
import { useTemporaryDirectory } from '../testing/use-temporary-directory.js';
import { writeProgram } from '../testing/write-files.js';
import { SourceUnavailable } from './library-source.js';
import type { ObtainOptions } from './library-source.js';
import { pipWheel } from './pip-wheel.js';

const at = useTemporaryDirectory();
let options: ObtainOptions & { progress: RecordedProgress };

beforeEach(() => {
  mkdirSync(at('work'));
  options = {
    workDirectory: at('work'),
    downloadDirectory: at('downloads'),
    progress: new RecordedProgress(),
    onOutput: () => undefined,
  };
});

/** Real tools of the machine beside a pip that stands in for the one with a network. */
const settings = (changes: object = {}) =>
  makeSettings({ directory: at('runtime'), searchPath: `${at('bin')}:/usr/bin:/bin`, ...changes });

/** `arguments` gets what pip was called with; `script` sees them as `$*` and the destination as `$dest`. */
function standInForPip(script: string): void {
  writeProgram(
    at('bin/python3'),
    [
      '[ "$3" = --version ] && exit 0',
      `echo "$*" >> ${at('arguments')}`,
      'while [ "$1" != --dest ]; do shift; done; dest=$2; shift 2',
      script,
    ].join('\n'),
  );
}

function emptyWorkDirectory(): void {
  rmSync(at('work'), { recursive: true });
  mkdirSync(at('work'));
}

const calls = (): string[] => readFileSync(at('arguments'), 'utf8').trim().split('\n');
const copyWheel = (): string => `cp ${at('wheel.whl')} "$dest/tensorflow_cpu-2.21.0.whl"`;

describe('a working pip', () => {
  beforeEach(() => {
    writeFileSync(at('wheel.whl'), makeZip(WHEEL_FILES));
    standInForPip(copyWheel());
  });

  it('brings the pinned wheel without what it depends on', async () => {
    const found = await pipWheel(settings()).obtain(options);
    expect(found.includeDirectory).toBe(at('work/tensorflow/include'));
    expect(existsSync(found.libraries[0]!)).toBe(true);
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatch(/^-m pip download --no-deps .*tensorflow(-cpu)?==2\.21\.0$/);
    expect(options.progress.stages).toEqual([expect.stringMatching(/^Downloading tensorflow/), 'Unpacking']);
  });

  it('uses the wheel of an interrupted run again', async () => {
    await pipWheel(settings()).obtain(options);
    emptyWorkDirectory();
    await pipWheel(settings()).obtain(options);
    expect(calls()).toHaveLength(1);
  });

  it('fetches a wheel again that an interrupted run left cut', async () => {
    await pipWheel(settings()).obtain(options);
    const [folder] = ['tensorflow-cpu--2.21.0', 'tensorflow--2.21.0'].filter((name) =>
      existsSync(at('downloads', name)),
    );
    const wheel = path.join(at('downloads'), folder!, 'tensorflow_cpu-2.21.0.whl');
    writeFileSync(wheel, readFileSync(wheel).subarray(0, 100));
    emptyWorkDirectory();
    const found = await pipWheel(settings()).obtain(options);
    expect(existsSync(found.libraries[0]!)).toBe(true);
    expect(calls()).toHaveLength(2);
  });

  it.runIf(process.platform === 'linux')(
    "asks for CUDA's libraries, as the wheel names them, with a driver",
    async () => {
      writeFileSync(
        at('wheel.whl'),
        makeZip({
          ...WHEEL_FILES,
          'tensorflow_cpu-2.21.0.dist-info/METADATA':
            'Requires-Dist: numpy\nRequires-Dist: nvidia-cublas-cu12<13.0; extra == "and-cuda"\n',
        }),
      );
      writeFileSync(
        at('nvidia.whl'),
        makeZip({ 'nvidia/cublas/lib/libcublas.so.12': 'x', 'nvidia/cublas/LICENSE': '' }),
      );
      standInForPip(`case "$*" in *nvidia*) cp ${at('nvidia.whl')} "$dest/nvidia.whl";; *) ${copyWheel()};; esac`);
      const found = await pipWheel(settings({ hasNvidiaDriver: true }), { cpu: 0, cuda: 0 }).obtain(options);
      expect(found).toMatchObject({ nvidiaDirectory: at('work/nvidia') });
      expect(existsSync(at('work/nvidia/cublas/lib/libcublas.so.12'))).toBe(true);
      expect(calls().map((call) => call.split(' ').at(-1))).toEqual(['tensorflow==2.21.0', 'nvidia-cublas-cu12<13.0']);
    },
  );

  it('asks for another interpreter’s wheel when there is none for this one', async () => {
    standInForPip(
      `case "$(tail -1 ${at('arguments')})" in
        *"--python-version 3.12"*) ${copyWheel()};;
        *) echo "ERROR: No matching distribution found for tensorflow-cpu==2.21.0" >&2; exit 1;;
      esac`,
    );
    await pipWheel(settings()).obtain(options);
    expect(calls()).toHaveLength(2);
  });
});

describe('trouble', () => {
  const reasonOf = async (changes: object = {}): Promise<string> => {
    const error: unknown = await pipWheel(settings(changes))
      .obtain(options)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SourceUnavailable);
    return (error as SourceUnavailable).message;
  };

  it('downloads nothing where there is no room for it', async () => {
    standInForPip('exit 1');
    const attempt = pipWheel(settings(), { cpu: 1e18, cuda: 1e18 }).obtain(options);
    await expect(attempt).rejects.toMatchObject({ failure: 'too_little_space' });
    expect(existsSync(at('arguments'))).toBe(false);
  });

  it('says that there is no pip', async () => {
    expect(await reasonOf({ searchPath: at('bin') })).toMatch(/^no pip/);
  });

  it('says that the index cannot be reached', async () => {
    standInForPip(
      `echo "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError('<x>: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/" >&2
       echo "ERROR: No matching distribution found for tensorflow-cpu==2.21.0" >&2; exit 1`,
    );
    expect(await reasonOf()).toMatch(/^pip: the package index can't be reached/);
    expect(existsSync(at('downloads/tensorflow-cpu--2.21.0'))).toBe(false);
  });

  it('gives a pip up that brings nothing, and all that it started', async () => {
    standInForPip(`sleep 60 & echo $! > ${at('child')}; wait`);
    const limits = { ...settings().limits, stall: 2_000 };
    expect(await reasonOf({ limits })).toBe('pip: nothing arrived for 2 s');
    const child = Number(readFileSync(at('child'), 'utf8'));
    await expect.poll(() => isRunning(child), { timeout: 60_000 }).toBe(false);
  });

  it('does not take a wheel that is none', async () => {
    writeFileSync(at('wheel.whl'), 'an HTML page of a proxy');
    standInForPip(copyWheel());
    expect(await reasonOf()).toMatch(/can't be unpacked/);
  });

  it('does not take a wheel without libtensorflow', async () => {
    writeFileSync(at('wheel.whl'), makeZip({ 'tensorflow/__init__.py': '' }));
    standInForPip(copyWheel());
    expect(await reasonOf()).toMatch(/has another content/);
  });
});
