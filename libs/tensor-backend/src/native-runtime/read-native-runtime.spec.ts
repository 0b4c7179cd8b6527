import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addonSource } from './addon-source.js';
import { nativeRuntimeDirectory } from './native-runtime-directory.js';
import { readNativeRuntime } from './read-native-runtime.js';
import { RUNTIME_FORMAT, RUNTIME_RECORD } from './runtime-record.js';

describe('where it lies', () => {
  const name = `native/tfjs-node-gpu-4.22.0-${process.platform}-${process.arch}`;

  it.each([
    [{ CLAAS_CACHE_DIR: '/c', XDG_CACHE_HOME: '/x', HOME: '/h' }, `/c/${name}`],
    [{ XDG_CACHE_HOME: '/x', HOME: '/h' }, `/x/claas/${name}`],
    [{ CLAAS_CACHE_DIR: '', XDG_CACHE_HOME: 'relative', HOME: '/h' }, `/h/.cache/claas/${name}`],
    [{}, path.join(homedir(), '.cache/claas', name)],
  ])('%j', (environment, expected) => {
    expect(nativeRuntimeDirectory(environment)).toBe(expected);
  });
});

describe('whether it is whole', () => {
  let directory = '';
  const record = {
    format: RUNTIME_FORMAT,
    tensorflow_version: '2.21.0',
    source: 'a test',
    gpu: true,
    addon: 'addon.node',
    files: [{ path: 'lib/a.so', bytes: 3, changed_ms: 1.5, crc32: 7 }],
    built_at: '2026-01-01T00:00:00Z',
  };
  const writeRecord = (value: unknown): void => {
    writeFileSync(path.join(directory, RUNTIME_RECORD), JSON.stringify(value));
  };

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'native-runtime-'));
    mkdirSync(path.join(directory, 'lib'));
    writeFileSync(path.join(directory, 'lib/a.so'), 'abc');
    writeRecord(record);
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('gives what programs need of a whole one', () => {
    expect(readNativeRuntime(directory)).toEqual({
      state: 'ready',
      runtime: {
        directory,
        addon: path.join(directory, 'addon.node'),
        tensorflowVersion: '2.21.0',
        source: 'a test',
        gpu: true,
        files: record.files,
      },
    });
  });

  it('says that there is none', () => {
    const nowhere = path.join(directory, 'nowhere');
    expect(readNativeRuntime(nowhere)).toEqual({
      state: 'missing',
      reason: `there is no native runtime in ${nowhere}`,
    });
  });

  it.each([
    ['another format', { ...record, format: 0 }],
    ['no files', { ...record, files: [] }],
    ['a file without a size', { ...record, files: [{ path: 'lib/a.so' }] }],
    ['a field missing', { ...record, addon: undefined }],
    ['no object', null],
  ])('refuses a record with %s', (_title, value) => {
    writeRecord(value);
    expect(readNativeRuntime(directory)).toMatchObject({ state: 'incomplete' });
  });

  it('names a file that is gone or of another size', () => {
    writeFileSync(path.join(directory, 'lib/a.so'), 'ab');
    expect(readNativeRuntime(directory)).toMatchObject({ reason: expect.stringContaining('has 2 bytes instead of 3') });
    rmSync(path.join(directory, 'lib/a.so'));
    expect(readNativeRuntime(directory)).toMatchObject({
      state: 'incomplete',
      reason: expect.stringMatching(/is gone/),
    });
  });
});

it("finds the addon's source", () => {
  expect(addonSource().files.map((file) => path.basename(file))).toEqual(['tfjs_backend.cc', 'tfjs_binding.cc']);
});
