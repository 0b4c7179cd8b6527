import { expect, it } from 'vitest';
import { trainerEnvironment } from './trainer-environment.js';

it('passes on how to compute and where models are, and none of the secrets of the service', () => {
  const environment = {
    CLAAS_TENSOR_BACKEND: 'wasm',
    CLAAS_CACHE_DIR: '/var/cache/claas',
    TF_CPP_MIN_LOG_LEVEL: '0',
    HF_ENDPOINT: 'http://127.0.0.1:1',
    HF_TOKEN: 'of the hub',
    HTTPS_PROXY: 'http://127.0.0.1:2',
    PATH: '/bin',
    HOME: undefined,
    VLLM_API_KEY: 'secret',
    DATABASE_URL: 'secret',
    CLAAS_TINKER_API_KEY: 'secret',
    NODE_OPTIONS: '--inspect',
  };
  expect(trainerEnvironment(environment)).toEqual({
    CLAAS_TENSOR_BACKEND: 'wasm',
    CLAAS_CACHE_DIR: '/var/cache/claas',
    TF_CPP_MIN_LOG_LEVEL: '0',
    TF_CPU_ALLOCATOR_USE_BFC: 'true',
    TF_NUM_INTEROP_THREADS: '1',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    HF_ENDPOINT: 'http://127.0.0.1:1',
    HF_TOKEN: 'of the hub',
    HTTPS_PROXY: 'http://127.0.0.1:2',
    PATH: '/bin',
  });
});
