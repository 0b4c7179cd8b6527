import { VLLM_PROFILES } from '@claas/contracts/testing/vllm';
import type { VllmRelease } from '@claas/contracts/testing/vllm';
import { BFLOAT16_TOLERANCE, FLOAT32_TOLERANCE } from '../verification/tolerance.js';
import type { VllmOptions } from '../settings/vllm-settings.js';

export const RELEASES = Object.keys(VLLM_PROFILES) as VllmRelease[];

/** A server that somebody started for the tests: `nx start @claas/vllm-cpu` does. */
export interface RealServer {
  readonly url: string;
  readonly options: Partial<VllmOptions>;
  /** Computes in float32. */
  readonly isExact: boolean;
}

/** From VLLM_TEST_URL, VLLM_TEST_API_KEY and VLLM_TEST_DTYPE (float32 if not said); null without the first. */
export function realServer(): RealServer | null {
  const { VLLM_TEST_URL: url, VLLM_TEST_API_KEY: apiKey, VLLM_TEST_DTYPE: dtype } = process.env;
  if (url === undefined || url === '') return null;
  const isExact = dtype !== 'bfloat16';
  const tolerance = isExact ? FLOAT32_TOLERANCE : BFLOAT16_TOLERANCE;
  const timeouts = { scoreMs: 120_000, tokenMs: 240_000, asleepMs: 240_000 };
  return { url, isExact, options: { apiKey: apiKey ?? null, tolerance, timeouts, scoresAlone: true } };
}

export const NOT_RUN =
  'NOT RUN against a real vLLM server: VLLM_TEST_URL is not set. `npx nx start @claas/vllm-cpu` starts one on this CPU.';
