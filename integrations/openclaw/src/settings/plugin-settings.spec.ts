import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, readPluginSettings } from './plugin-settings.js';

describe('readPluginSettings', () => {
  it('has a default for every setting', () => {
    expect(readPluginSettings(undefined)).toEqual(DEFAULT_SETTINGS);
  });

  it('takes every setting that is given', () => {
    const given = {
      baseUrl: 'https://claas.example',
      apiKey: 'key',
      loraId: 'ann/assistant',
      provider: 'vllm',
      training: { learning_rate: 0.003 },
      timeoutSeconds: 5,
      plainPrompts: true,
      systemPrompt: 'Be kind.',
    };
    expect(readPluginSettings(given)).toEqual(given);
  });

  it.each(['http://api:8080/', 'http://api:8080/v1', 'http://api:8080/v1/'])(
    'takes %s for the root of the API',
    (url) => {
      expect(readPluginSettings({ baseUrl: url }).baseUrl).toBe('http://api:8080');
    },
  );

  it('names every setting that is wrong, with what is expected', () => {
    const wrong = { baseUrl: 'api:8080', timeoutSeconds: 0, training: [], endpoint: 'x' };
    expect(() => readPluginSettings(wrong)).toThrow(
      /"baseUrl" must be an http or https address.*"timeoutSeconds" must be seconds.*"training" must be an object.*"endpoint" is not a setting/,
    );
  });
});
