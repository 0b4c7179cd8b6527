import { afterEach, expect, it, vi } from 'vitest';
import { makeSettings } from '../testing/make-settings.js';
import { useTemporaryDirectory } from '../testing/use-temporary-directory.js';
import { writeFiles, writeProgram } from '../testing/write-files.js';
import { FailureMemory } from './failure-memory.js';

const at = useTemporaryDirectory();
const memory = (changes: object = {}): FailureMemory =>
  new FailureMemory(makeSettings({ directory: at('runtime'), searchPath: at('bin'), ...changes }));

afterEach(() => {
  vi.useRealTimers();
});

it('knows a failure for a day', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000_000_000 });
  expect(memory().recall()).toBeNull();
  await memory().remember('no network', 'connect');
  vi.setSystemTime(Date.now() + 23 * 3_600_000);
  expect(memory().recall()).toEqual({ message: 'no network', remedy: 'connect', at: 1_000_000_000_000 });
  vi.setSystemTime(Date.now() + 2 * 3_600_000);
  expect(memory().recall()).toBeNull();
});

it('forgets a failure when something changed that may have caused it', async () => {
  await memory().remember('no pip', 'install it');
  expect(memory({ libtensorflow: '/opt/tf' }).recall()).toBeNull();
  expect(memory({ compiler: 'clang++' }).recall()).toBeNull();
  expect(memory().recall()).not.toBeNull();
  writeProgram(at('bin/pip3'), 'exit 0');
  expect(memory().recall()).toBeNull();
});

it('forgets on demand, and takes a damaged file for none', async () => {
  await memory().remember('x', 'y');
  await memory().forget();
  expect(memory().recall()).toBeNull();
  writeFiles(at(), { 'runtime.failure.json': '{"message":' });
  expect(memory().recall()).toBeNull();
});
