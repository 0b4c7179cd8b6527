import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { findExecutable } from '../process/find-executable.js';
import { isRunning } from '../testing/is-running.js';
import { makeZip } from '../testing/make-zip.js';
import { WHEEL_FILES } from '../testing/library-files.js';
import { startMain } from '../testing/run-main.js';
import { useTemporaryDirectory } from '../testing/use-temporary-directory.js';
import { writeFiles, writeProgram } from '../testing/write-files.js';

const at = useTemporaryDirectory();
const LINE = /^claas: No native library, running on WebAssembly .*$/;

/** Runs the tool in a folder with an empty cache and only the programs of `bin`. */
async function run(args: string[] = [], environment: Record<string, string> = {}) {
  const result = await startMain(at(), args, {
    PATH: at('bin'),
    HOME: at('home'),
    CLAAS_CACHE_DIR: at('cache'),
    // Nothing of these tests may reach a network.
    CLAAS_LIBTENSORFLOW_URL: 'http://127.0.0.1:9/lib.tar.gz',
    ...environment,
  }).ended;
  return { ...result, lines: result.said.trim().split('\n') };
}

const linkProgram = (name: string): void => {
  symlinkSync(findExecutable(name, process.env['PATH'] ?? '')!, at('bin', name));
};
/** Passes for a compiler where none is called. */
const presentCompiler = (): void => {
  writeProgram(at('bin/c++'), 'exit 1');
};
const pipWithoutNetwork = (): void => {
  writeProgram(
    at('bin/python3'),
    `[ "$1" = -c ] && exit 0
     [ "$3" = --version ] && exit 0
     echo x >> ${at('pip-calls')}
     echo "WARNING: Retrying after connection broken by 'ProtocolError('Temporary failure in name resolution')'" >&2
     echo "ERROR: No matching distribution found" >&2; exit 1`,
  );
};

beforeEach(() => {
  mkdirSync(at('bin'));
});

describe('it ends well and says why in one line', () => {
  it('without a compiler', async () => {
    const { code, lines } = await run();
    expect(code).toBe(0);
    expect(lines).toEqual([expect.stringMatching(LINE)]);
    expect(lines[0]).toMatch(/no C\+\+ compiler found .* To get it: (install one|run)/);
  });

  it('without python and pip', async () => {
    presentCompiler();
    linkProgram('tar');
    const { code, said, lines } = await run();
    expect(code).toBe(0);
    expect(lines.filter((line) => LINE.test(line))).toHaveLength(1);
    expect(said).toMatch(/no python3; no pip .*; 127\.0\.0\.1:9: /);
    expect(said).toContain('set CLAAS_LIBTENSORFLOW');
  });

  it('without a network', async () => {
    presentCompiler();
    pipWithoutNetwork();
    const { code, said } = await run();
    expect(code).toBe(0);
    expect(said).toMatch(/Python has no TensorFlow; pip: the package index can't be reached/);
  });

  it('with a wrong CLAAS_LIBTENSORFLOW, and does not look elsewhere then', async () => {
    presentCompiler();
    pipWithoutNetwork();
    const { code, lines } = await run([], { CLAAS_LIBTENSORFLOW: at('nowhere') });
    expect(code).toBe(0);
    expect(lines).toEqual([expect.stringMatching(LINE)]);
    expect(lines[0]).toContain(`CLAAS_LIBTENSORFLOW is no libtensorflow: ${at('nowhere')} does not exist`);
    expect(existsSync(at('pip-calls'))).toBe(false);
  });

  it('with a CLAAS_LIBTENSORFLOW that is the runtime itself', async () => {
    presentCompiler();
    const own = at('cache/native', `tfjs-node-gpu-4.22.0-${process.platform}-${process.arch}`);
    const { said } = await run([], { CLAAS_LIBTENSORFLOW: own });
    expect(said).toContain('is where the runtime goes');
  });

  it('with a cache that can’t be written', async () => {
    presentCompiler();
    writeFileSync(at('cache'), 'a file');
    const { code, said } = await run();
    expect(code).toBe(0);
    expect(said).toMatch(/the cache can't be written .* To get it: set CLAAS_CACHE_DIR/);
  });

  it('with a senseless time limit', async () => {
    const { code, said } = await run([], { CLAAS_NATIVE_DOWNLOAD_TIMEOUT_S: 'soon' });
    expect(code).toBe(0);
    expect(said).toContain('CLAAS_NATIVE_DOWNLOAD_TIMEOUT_S is soon');
  });

  it('with exit code 1 when that is asked for', async () => {
    expect((await run(['--strict'])).code).toBe(1);
  });

  const compiler = ['c++', 'g++', 'clang++'].find((name) => findExecutable(name, process.env['PATH'] ?? '') !== null);
  if (compiler === undefined) console.warn('SKIPPED a test with a compiler that fails: no C++ compiler here.');
  it.skipIf(compiler === undefined)('with a library that does not fit the addon', async () => {
    const wheel = at('tensorflow_cpu.whl');
    writeFileSync(wheel, makeZip(WHEEL_FILES));
    writeProgram(
      at('bin/python3'),
      `[ "$1" = -c ] && exit 0
       [ "$3" = --version ] && exit 0
       while [ "$1" != --dest ]; do shift; done; /bin/cp ${wheel} "$2"`,
    );
    const real = findExecutable(compiler!, process.env['PATH'] ?? '')!;
    const { code, said } = await run([], { CXX: real, PATH: `${at('bin')}:/usr/bin:/bin` });
    expect(code).toBe(0);
    expect(said).toMatch(/compiling the addon with \S+ ended with exit code 1 \(.*error/);
    const log = /Details: (\S+)/.exec(said)?.[1];
    expect(readFileSync(log!, 'utf8')).toContain('tfjs_backend.cc');
    // Not kept: nothing but the log and the memory of the failure, and the download for the next attempt.
    expect(existsSync(path.join(path.dirname(log!), path.basename(log!, '.log')))).toBe(false);
  });
});

describe('a failure is remembered', () => {
  beforeEach(() => {
    presentCompiler();
    pipWithoutNetwork();
  });
  const pipCalls = (): number => readFileSync(at('pip-calls'), 'utf8').trim().split('\n').length;

  it('by automatic runs, which say so at once; not by others', async () => {
    await run(['--automatic', '--quiet']);
    const calls = pipCalls();
    const { lines, code } = await run(['--automatic', '--quiet']);
    expect(code).toBe(0);
    expect(pipCalls()).toBe(calls);
    expect(lines).toEqual([
      expect.stringMatching(/can't be reached.*tried less than an hour ago; `npm run setup:native`/),
    ]);
    await run();
    expect(pipCalls()).toBeGreaterThan(calls);
  });

  it('until the circumstances change', async () => {
    await run(['--automatic']);
    const { said } = await run(['--automatic'], { CLAAS_LIBTENSORFLOW: at('nowhere') });
    expect(said).toContain('CLAAS_LIBTENSORFLOW is no libtensorflow');
  });
});

describe('it does nothing', () => {
  it('when WebAssembly is wanted, by the environment or by .env', async () => {
    const skipped = 'claas: The native library is not wanted (CLAAS_TENSOR_BACKEND=wasm).\n';
    expect((await run([], { CLAAS_TENSOR_BACKEND: 'wasm' })).said).toBe(skipped);
    writeFiles(at(), { '.env': 'CLAAS_TENSOR_BACKEND=wasm\n' });
    expect((await run()).said).toBe(skipped);
    expect((await run(['--quiet'])).said).toBe('');
    expect(existsSync(at('cache'))).toBe(false);
    expect((await run([], { CLAAS_TENSOR_BACKEND: 'auto' })).lines).toEqual([expect.stringMatching(LINE)]);
  });

  it('for an unknown argument, and explains itself', async () => {
    expect(await run(['--fast'])).toMatchObject({ code: 2, said: expect.stringContaining('Unknown argument --fast') });
    expect(await run(['--help'])).toMatchObject({ code: 0, said: expect.stringContaining('CLAAS_LIBTENSORFLOW') });
  });
});

it('ends pip when it is interrupted', async () => {
  presentCompiler();
  writeProgram(
    at('bin/python3'),
    `[ "$1" = -c ] && exit 0
     [ "$3" = --version ] && exit 0
     echo $$ > ${at('pip-process')}; exec /bin/sleep 60`,
  );
  const { child, ended } = startMain(at(), [], { PATH: at('bin'), HOME: at('home'), CLAAS_CACHE_DIR: at('cache') });
  await expect.poll(() => existsSync(at('pip-process')), { timeout: 60_000 }).toBe(true);
  await expect.poll(() => readFileSync(at('pip-process'), 'utf8'), { timeout: 60_000 }).not.toBe('');
  child.kill('SIGINT');
  expect((await ended).code).toBe(130);
  const id = Number(readFileSync(at('pip-process'), 'utf8'));
  await expect.poll(() => isRunning(id), { timeout: 60_000 }).toBe(false);
});
