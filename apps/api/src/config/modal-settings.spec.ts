import { describe, expect, it } from 'vitest';
import { printableConfig } from './print-config.js';
import { problemsOf, readVariables } from './testing/read-variables.js';

const MODAL = {
  CLAAS_DISTILL_EXECUTION_MODE: 'modal',
  MODAL_TOKEN_ID: 'ak-1',
  MODAL_TOKEN_SECRET: 'as-2',
  CLAAS_LORA_ROOT: './loras',
};

describe('settings of mode modal', () => {
  it('has a default for everything but the credentials', () => {
    expect(readVariables(MODAL).settings).toMatchObject({
      mode: 'modal',
      tokenId: 'ak-1',
      tokenSecret: 'as-2',
      environment: null,
      app: 'claas',
      volume: 'claas-loras',
      image: 'claas-trainer:latest',
      gpu: 'L40S',
      idleMs: 300_000,
    });
  });

  it('names each credential that is missing, in a sentence, in this mode alone', () => {
    const withoutSecret = { ...MODAL, MODAL_TOKEN_SECRET: '' };
    expect(problemsOf(withoutSecret)).toEqual([
      'MODAL_TOKEN_SECRET is needed in mode modal: make a token with `modal token new` or at modal.com/settings/tokens',
    ]);
    expect(problemsOf({ ...withoutSecret, MODAL_TOKEN_ID: '' })).toHaveLength(2);
    expect(problemsOf({ CLAAS_LORA_ROOT: './loras' })).toEqual([]);
  });

  it.each([
    ['MODAL_TOKEN_ID', '“ak-1”'],
    ['MODAL_TOKEN_SECRET', 'as-2 as-2'],
    ['CLAAS_MODAL_GPU', 'L40S; rm'],
    ['CLAAS_MODAL_GPU', 'L40S:9'],
    ['CLAAS_MODAL_IMAGE', 'ghcr.io/someone/image:1'],
    ['CLAAS_MODAL_IDLE_S', '0'],
    ['CLAAS_MODAL_IDLE_S', '1.5'],
    ['CLAAS_MODAL_APP', 'my app'],
    ['CLAAS_MODAL_VOLUME', '../loras'],
  ])('refuses %s=%s by its name', (name, value) => {
    expect(problemsOf({ ...MODAL, [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name} expected`))]);
  });

  it('is the same deployment after a restart, and another with another database or another process on the same', () => {
    const ownerOf = (variables: Record<string, string>): unknown => {
      const { settings } = readVariables({ ...MODAL, ...variables });
      return settings.mode === 'modal' ? settings.owner : null;
    };
    expect(ownerOf({})).toBe(ownerOf({ CLAAS_API_PORT: '9000' }));
    expect(ownerOf({})).not.toBe(ownerOf({ CLAAS_DATA_DIR: './other' }));
    const database = { CLAAS_DATABASE_URL: 'postgres://u:p@h/d' };
    expect(ownerOf(database)).toBe(ownerOf({ ...database, CLAAS_API_PORT: '9000' }));
    expect(ownerOf(database)).not.toBe(ownerOf({}));
    expect(ownerOf(database)).not.toBe(ownerOf({ ...database, CLAAS_DATA_DIR: './other' }));
  });

  it('prints neither credential', () => {
    expect(printableConfig(readVariables(MODAL))).not.toMatch(/ak-1|as-2/);
  });
});
