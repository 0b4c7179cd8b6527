import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printableConfig } from './print-config.js';
import { readSettings } from './read-settings.js';
import { SettingsError } from './settings-error.js';

describe('readSettings', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'claas-settings-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const problemsOf = (variables: Record<string, string>): string[] => {
    try {
      readSettings(variables, directory);
    } catch (error) {
      if (error instanceof SettingsError) return error.problems.map(({ name }) => name);
      throw error;
    }
    return [];
  };

  it('needs nothing, and takes the shipped model in local mode', () => {
    const { settings } = readSettings({}, directory);
    expect(settings).toMatchObject({
      mode: 'local',
      host: '127.0.0.1',
      port: 8080,
      dataDirectory: join(directory, 'data'),
      databaseUrl: null,
      keepVersions: 20,
      maxRequestBytes: 1_000_000,
      feedback: { logDirectory: join(directory, 'feedback_logs'), lockTimeoutMs: 120_000, drainTimeoutMs: 30_000 },
      baseModel: { name: 'clay-tiny', allowed: ['clay-tiny'] },
    });
    expect(settings.baseModel.directory).toMatch(/models\/clay-tiny\/model$/);
  });

  it('names every wrong setting at once, with what is expected', () => {
    const variables = {
      CLAAS_DISTILL_EXECUTION_MODE: 'remote',
      CLAAS_API_PORT: '80a',
      CLAAS_KEEP_VERSIONS: '0',
      CLAAS_BASE_MODEL_ID: './missing',
      CLAAS_DATABASE_URL: 'mysql://secret@host/db',
      FEEDBACK_LOCK_TIMEOUT_S: '-1',
      HF_ENDPOINT: 'nowhere',
    };
    expect(problemsOf(variables).sort()).toEqual(Object.keys(variables).sort());
    expect(() => readSettings(variables, directory)).toThrow(
      /CLAAS_API_PORT: expected a port, 0 to 65535.*found "80a"/,
    );
    expect(() => readSettings(variables, directory)).not.toThrow(/secret/);
  });

  it.each([
    ['CLAAS_API_PORT', '65536'],
    ['CLAAS_API_PORT', '8080.5'],
    ['CLAAS_API_HOST', 'not a host'],
    ['CLAAS_TENSOR_BACKEND', 'cuda'],
    ['CLAAS_LOG_LEVEL', 'loud'],
    ['CLAAS_MAX_REQUEST_BYTES', 'NaN'],
    ['CLAAS_TRAINER_NO_PROGRESS_TIMEOUT_S', 'Infinity'],
    ['CLAAS_ALLOWED_INIT_BASE_MODELS', 'a b,c'],
    ['CLAAS_BASE_MODEL_ID', 'a/b/c'],
  ])('refuses %s=%s', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([name]);
  });

  it('takes an empty value as none', () => {
    expect(readSettings({ CLAAS_API_PORT: '', CLAAS_DATABASE_URL: ' ' }, directory).settings).toMatchObject({
      port: 8080,
      databaseUrl: null,
    });
  });

  it('suggests the setting that a misspelt name is near to, and says what this version does not read', () => {
    const { warnings } = readSettings(
      {
        CLAAS_DATA_DIRR: 'x',
        CLAAS_WHATEVER_ELSE: '1',
        FEEDBACK_WAKE_ON_FAILURE: '1',
        OTHER: '1',
        CLAAS_LORA_ROOT: './l',
      },
      directory,
    );
    expect(warnings).toEqual([
      'CLAAS_DATA_DIRR is not a setting of this service and is ignored. Did you mean CLAAS_DATA_DIR?',
      'CLAAS_WHATEVER_ELSE is not a setting of this service and is ignored.',
      'FEEDBACK_WAKE_ON_FAILURE is set, but this version has nothing that reads it: it is ignored.',
    ]);
  });

  it('calls a model directory by its name, and a snapshot of the hub cache by its id', () => {
    const plain = join(directory, 'my-model');
    const snapshot = join(directory, 'hub/models--Org--Model-1B/snapshots/abc');
    for (const path of [plain, snapshot]) mkdirSync(path, { recursive: true });
    const modelOf = (id: string) => readSettings({ CLAAS_BASE_MODEL_ID: id }, directory).settings.baseModel;
    expect(modelOf('./my-model')).toMatchObject({ name: 'my-model', directory: plain });
    expect(modelOf(snapshot)).toMatchObject({ name: 'Org/Model-1B', directory: snapshot });
    expect(modelOf('Org/Model-1B')).toMatchObject({ name: 'Org/Model-1B', directory: null });
  });

  it('keeps adapters where it is told to, or beside the data with a note', () => {
    const told = readSettings({ CLAAS_LORA_ROOT: './adapters' }, directory);
    expect(told.settings.loraRoot).toBe(join(directory, 'adapters'));
    expect(told.warnings).toEqual([]);
  });

  it('prints what it runs with, secrets masked', () => {
    const config = printableConfig(
      readSettings(
        { CLAAS_DATABASE_URL: 'postgres://u:hunter2@h/d', HF_TOKEN: 'hf_secret', CLAAS_API_PORT: '1' },
        directory,
      ),
    );
    expect(config).toContain('CLAAS_API_PORT=1\n');
    expect(config).toContain('CLAAS_DATABASE_URL=********\n');
    expect(config).toContain(`CLAAS_DATA_DIR=${join(directory, 'data')}\n`);
    expect(config).not.toMatch(/hunter2|hf_secret/);
  });
});
