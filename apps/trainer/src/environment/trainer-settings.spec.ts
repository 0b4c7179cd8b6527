import { describe, expect, it } from 'vitest';
import { trainerSettings } from './trainer-settings.js';

describe('trainerSettings', () => {
  it('chooses the backend by itself and the hub of Hugging Face when nothing is said', () => {
    expect(trainerSettings({ HF_HOME: '/hf', CLAAS_CACHE_DIR: '/claas' })).toEqual({
      tensorBackend: 'auto',
      nativeRuntime: expect.stringMatching(/^\/claas\/native\//) as string,
      processFile: null,
      silenceLimitMs: null,
      hub: { cacheDirectory: '/hf/hub', token: null, offline: false },
    });
  });

  it('takes the backend, the mirror, the token and offline mode', () => {
    const environment = {
      CLAAS_TENSOR_BACKEND: 'wasm',
      XDG_CACHE_HOME: '/xdg',
      HF_HUB_CACHE: '/cache',
      HF_ENDPOINT: 'http://127.0.0.1:1',
      HF_TOKEN: 'of-the-hub',
      HF_HUB_OFFLINE: '1',
      CLAAS_TRAINER_PROCESS_FILE: '/tmp/trainer',
      CLAAS_TRAINER_SILENCE_LIMIT_S: '45',
    };
    expect(trainerSettings(environment)).toEqual({
      tensorBackend: 'wasm',
      nativeRuntime: expect.stringMatching(/^\/xdg\/claas\/native\//) as string,
      processFile: '/tmp/trainer',
      silenceLimitMs: 45_000,
      hub: { cacheDirectory: '/cache', endpoint: 'http://127.0.0.1:1', token: 'of-the-hub', offline: true },
    });
  });

  it('refuses a backend that there is not, and names those that there are', () => {
    expect(() => trainerSettings({ CLAAS_TENSOR_BACKEND: 'gpu' })).toThrow(/gpu.*auto, tensorflow, wasm/);
  });
});
