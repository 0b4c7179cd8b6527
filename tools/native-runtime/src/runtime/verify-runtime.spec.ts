import { readFileSync, renameSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { RUNTIME_FORMAT } from '@claas/tensor-backend/native-runtime';
import { beforeEach, expect, it } from 'vitest';
import { useTemporaryDirectory } from '../testing/use-temporary-directory.js';
import { writeFiles } from '../testing/write-files.js';
import { describeFiles } from './describe-files.js';
import { verifyRuntime } from './verify-runtime.js';
import { writeRecord } from './write-record.js';

const at = useTemporaryDirectory();

beforeEach(async () => {
  writeFiles(at('runtime'), { 'addon.node': 'addon', 'include/a.h': '' });
  writeFiles(at('elsewhere'), { 'lib.so': 'the library', 'cublas/lib/libcublas.so': 'cublas' });
  writeFiles(at('runtime/lib'), { 'own.so': 'own' });
  symlinkSync(at('elsewhere/lib.so'), at('runtime/lib/lib.so'));
  symlinkSync(at('elsewhere'), at('runtime/nvidia'));
  await writeRecord(at('runtime'), {
    format: RUNTIME_FORMAT,
    tensorflow_version: '2.21.0',
    source: 'a test',
    gpu: false,
    addon: 'addon.node',
    files: await describeFiles(at('runtime')),
    built_at: '2026-01-01T00:00:00Z',
  });
});

it('accepts a sound runtime, and knows the files that it links to', async () => {
  const reading = await verifyRuntime(at('runtime'));
  if (reading.state !== 'ready') throw new Error(reading.reason);
  expect(reading.runtime).toMatchObject({ addon: at('runtime/addon.node'), tensorflowVersion: '2.21.0' });
  expect(reading.runtime.files.map(({ path }) => path)).toEqual([
    'addon.node',
    'lib/lib.so',
    'lib/own.so',
    'nvidia/cublas/lib/libcublas.so',
    'nvidia/lib.so',
  ]);
});

it('refuses a file of another size and one that is gone', async () => {
  truncateSync(at('runtime/lib/own.so'), 1);
  expect(await verifyRuntime(at('runtime'))).toMatchObject({ state: 'incomplete', reason: /own\.so has 1 bytes/ });
  renameSync(at('elsewhere/lib.so'), at('elsewhere/x'));
  expect(await verifyRuntime(at('runtime'))).toMatchObject({ state: 'incomplete', reason: /lib\.so is gone/ });
});

it('refuses another content of the right size, even with the old modification time', async () => {
  const file = at('runtime/lib/own.so');
  writeFileSync(file, 'oWn');
  utimesSync(file, 1, 1);
  expect(await verifyRuntime(at('runtime'))).toMatchObject({ state: 'incomplete', reason: /own\.so is damaged/ });
});

it('accepts files that were only touched, and remembers that they are sound', async () => {
  const before = readFileSync(at('runtime/runtime.json'), 'utf8');
  utimesSync(at('runtime/lib/own.so'), 1, 1);
  expect((await verifyRuntime(at('runtime'))).state).toBe('ready');
  const after = readFileSync(at('runtime/runtime.json'), 'utf8');
  expect(after).not.toBe(before);
  expect((await verifyRuntime(at('runtime'))).state).toBe('ready');
  expect(readFileSync(at('runtime/runtime.json'), 'utf8')).toBe(after);
});

it('refuses a damaged record and one of another format', async () => {
  writeFileSync(at('runtime/runtime.json'), '{"format":');
  expect(await verifyRuntime(at('runtime'))).toMatchObject({ state: 'incomplete' });
  writeFileSync(at('runtime/runtime.json'), '{"format":999}');
  expect(await verifyRuntime(at('runtime'))).toMatchObject({ state: 'incomplete', reason: /another version/ });
  expect(await verifyRuntime(at('nowhere'))).toMatchObject({ state: 'missing' });
});
