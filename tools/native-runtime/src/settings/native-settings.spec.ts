import { expect, it } from 'vitest';
import { nativeSettings } from './native-settings.js';

it('has limits of time that nobody has to set', () => {
  const { limits, libtensorflow, archiveUrl, compiler, skip } = nativeSettings({}, false);
  expect(limits).toMatchObject({ download: 900_000, compilation: 180_000, proof: 30_000 });
  expect({ libtensorflow, archiveUrl, compiler, skip }).toEqual({
    libtensorflow: null,
    archiveUrl: null,
    compiler: null,
    skip: false,
  });
});

it('reads the environment', () => {
  const environment = {
    CLAAS_LIBTENSORFLOW: '/opt/../opt/tf',
    CLAAS_NATIVE_DOWNLOAD_TIMEOUT_S: '60',
    CLAAS_CACHE_DIR: '/var/cache/claas',
    CLAAS_TENSOR_BACKEND: 'wasm',
    CXX: '',
  };
  const settings = nativeSettings(environment, true);
  expect(settings).toMatchObject({ libtensorflow: '/opt/tf', skip: true, compiler: null, hasNvidiaDriver: true });
  expect(settings.directory.startsWith('/var/cache/claas/native/tfjs-node-gpu-')).toBe(true);
  expect(settings.limits.download).toBe(60_000);
});

it.each(['0', '-1', 'soon'])('refuses %s as a time limit', (text) => {
  expect(() => nativeSettings({ CLAAS_NATIVE_DOWNLOAD_TIMEOUT_S: text }, false)).toThrow(/set it to a number/);
});
