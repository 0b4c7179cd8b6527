import { describe, expect, it } from 'vitest';
import { printableConfig } from './print-config.js';
import { problemsOf, readVariables } from './testing/read-variables.js';

const TINKER = { CLAAS_DISTILL_EXECUTION_MODE: 'tinker', CLAAS_TINKER_API_KEY: 'tml-1', CLAAS_LORA_ROOT: './loras' };

describe('settings of mode tinker', () => {
  it('has a default for everything but the key', () => {
    expect(readVariables(TINKER).settings).toMatchObject({
      mode: 'tinker',
      baseUrl: 'https://tinker.thinkingmachines.dev/services/tinker-prod',
      apiKey: 'tml-1',
      maxTopK: 20,
      baseModel: { id: 'Qwen/Qwen3-8B', name: 'Qwen/Qwen3-8B', directory: null, allowed: ['Qwen/Qwen3-8B'] },
    });
  });

  it('takes its own base model everywhere, and the shipped one by its name', () => {
    const { settings } = readVariables({
      ...TINKER,
      CLAAS_TINKER_BASE_MODEL: 'clay-tiny',
      CLAAS_BASE_MODEL_ID: 'Qwen/Qwen3-0.6B',
    });
    expect(settings.baseModel).toMatchObject({ name: 'clay-tiny', allowed: ['clay-tiny'] });
    expect(settings.baseModel.directory).toMatch(/models\/clay-tiny\/model$/);
  });

  it('names the key that is missing, in a sentence, in this mode alone', () => {
    expect(problemsOf({ ...TINKER, CLAAS_TINKER_API_KEY: '' })).toEqual([
      'CLAAS_TINKER_API_KEY is needed in mode tinker: the service’s console makes a key',
    ]);
    expect(problemsOf({ CLAAS_LORA_ROOT: './loras' })).toEqual([]);
  });

  it('refuses a key that can not be one of the public service, and takes any for another', () => {
    const wrong = { ...TINKER, CLAAS_TINKER_API_KEY: 'sk-1' };
    expect(problemsOf(wrong)).toEqual([
      'CLAAS_TINKER_API_KEY is no key of tinker.thinkingmachines.dev: those begin with tml-',
    ]);
    expect(problemsOf({ ...wrong, CLAAS_TINKER_BASE_URL: 'http://127.0.0.1:9000' })).toEqual([]);
    expect(problemsOf({ ...TINKER, CLAAS_TINKER_API_KEY: 'eyJhbGciOi' })).toEqual([]);
  });

  it.each([
    ['CLAAS_TINKER_BASE_URL', 'tinker'],
    ['CLAAS_TINKER_BASE_URL', 'https://tinker.example/?key=1'],
    ['CLAAS_TINKER_API_KEY', '“tml-1”'],
    ['CLAAS_TINKER_API_KEY', 'tml-1 # mine'],
    ['CLAAS_TINKER_BASE_MODEL', '../etc'],
    ['CLAAS_TINKER_MAX_TOP_K', '0'],
    ['CLAAS_TINKER_MAX_TOP_K', 'many'],
  ])('refuses %s=%s by its name', (name, value) => {
    expect(problemsOf({ ...TINKER, [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name} expected`))]);
  });

  it('prints no key', () => {
    expect(printableConfig(readVariables(TINKER))).not.toMatch(/tml-1/);
  });
});
