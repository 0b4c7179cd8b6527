import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadEnvironment } from './load-environment.js';

describe('loadEnvironment', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'claas-environment-'));
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(directory, { recursive: true });
  });

  it('adds what .env has, and lets the real environment win', () => {
    writeFileSync(join(directory, '.env'), 'CLAAS_API_PORT=1\nCLAAS_API_HOST=0.0.0.0\n');
    vi.stubEnv('CLAAS_API_PORT', '2');
    expect(loadEnvironment(directory)).toMatchObject({ CLAAS_API_PORT: '2', CLAAS_API_HOST: '0.0.0.0' });
  });

  it('does without a .env', () => {
    vi.stubEnv('CLAAS_API_PORT', '3');
    expect(loadEnvironment(directory)).toMatchObject({ CLAAS_API_PORT: '3' });
  });
});
