import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { nativeRuntimeDirectory, readNativeRuntime } from '@claas/tensor-backend/native-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installedRuntime } from '../testing/installed-runtime.js';
import { startMain } from '../testing/run-main.js';
import type { MainRun } from '../testing/run-main.js';

const library = installedRuntime();
const SLOW = { timeout: 240_000 };

/** One cache through all these tests, in their order: each build takes a compiler's ten seconds. */
describe.skipIf(library === null)('with a real libtensorflow', () => {
  let home = '';
  let directory = '';
  beforeAll(() => {
    home = mkdtempSync(path.join(tmpdir(), 'native-runtime-'));
    mkdirSync(path.join(home, 'cache'));
    directory = nativeRuntimeDirectory({ CLAAS_CACHE_DIR: path.join(home, 'cache') });
  });
  afterAll(() => {
    rmSync(home, { recursive: true, force: true });
  });
  const start = (args: string[] = [], changes: Record<string, string> = {}): MainRun =>
    startMain(home, args, {
      PATH: process.env['PATH'] ?? '',
      CLAAS_CACHE_DIR: path.join(home, 'cache'),
      CLAAS_LIBTENSORFLOW: library!.directory,
      ...changes,
    });
  const neighbours = (): string[] => readdirSync(path.dirname(directory)).sort();

  it('two runs at once after a killed one build it once', SLOW, async () => {
    const killed = start();
    await expect.poll(() => killed.said(), { timeout: 60_000 }).toContain('Compiling');
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(neighbours().some((name) => name.includes('.staging-'))).toBe(true);

    const results = await Promise.all([start(), start()].map((run) => run.ended));
    expect(results.map(({ code }) => code)).toEqual([0, 0]);
    for (const { said } of results) expect(said).toMatch(/Native library: TensorFlow 2\.\d+/);
    expect(results.filter(({ said }) => said.includes('Compiling'))).toHaveLength(1);
    expect(results.filter(({ said }) => said.includes('waiting for process'))).toHaveLength(1);
    expect(neighbours()).toEqual([path.basename(directory), `${path.basename(directory)}.log`]);
    expect(readNativeRuntime(directory)).toMatchObject({
      state: 'ready',
      runtime: { tensorflowVersion: library!.tensorflowVersion, source: `CLAAS_LIBTENSORFLOW (${library!.directory})` },
    });
  });

  it('a further run finds all there, and is quiet', async () => {
    const before = readFileSync(path.join(directory, 'runtime.json'), 'utf8');
    const built = statSync(path.join(directory, 'tfjs_binding.node')).mtimeMs;
    const { code, said } = await start(['--quiet']).ended;
    expect({ code, said }).toEqual({ code: 0, said: '' });
    expect(statSync(path.join(directory, 'tfjs_binding.node')).mtimeMs).toBe(built);
    expect(readFileSync(path.join(directory, 'runtime.json'), 'utf8')).toBe(before);
  });

  it('a damaged runtime of the right size is noticed and built again', SLOW, async () => {
    const addon = path.join(directory, 'tfjs_binding.node');
    const content = readFileSync(addon);
    content.fill(0, content.length / 2);
    writeFileSync(addon, content);
    const { code, said } = await start(['--automatic', '--quiet']).ended;
    expect(code).toBe(0);
    expect(said).toMatch(/the native runtime can't be used: \S*tfjs_binding\.node is damaged/);
    expect(said).toContain('Native library: TensorFlow');
    expect(readFileSync(addon).equals(content)).toBe(false);
  });

  it('a damaged runtime that can’t be built again is not left for the trainer', SLOW, async () => {
    const addon = path.join(directory, 'tfjs_binding.node');
    const content = readFileSync(addon);
    writeFileSync(addon, Buffer.alloc(content.length));
    const { said } = await start(['--automatic', '--quiet'], { CXX: '/no/compiler' }).ended;
    expect(said).toMatch(/tfjs_binding\.node is damaged/);
    expect(said).toMatch(/No native library, running on WebAssembly .*: the compiler that CXX names/);
    expect(readNativeRuntime(directory).state).toBe('missing');
    expect((await start().ended).said).toMatch(/Native library: TensorFlow/);
  });

  it('a failed attempt leaves the runtime that was there in place', async () => {
    const { code, said } = await start(['--force'], { CXX: '/bin/false' }).ended;
    expect(code).toBe(0);
    expect(said).toMatch(
      /The native library stays as it was: compiling the addon with \/bin\/false ended with exit code 1/,
    );
    const wrong = await start([], { CLAAS_LIBTENSORFLOW: path.join(home, 'nowhere') }).ended;
    expect(wrong.said).toMatch(/The native library stays as it was: CLAAS_LIBTENSORFLOW is no libtensorflow/);
    expect(readNativeRuntime(directory).state).toBe('ready');
    expect(existsSync(`${directory}.lock`)).toBe(false);
  });
});
