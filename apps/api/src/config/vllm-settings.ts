import type { TeacherSettings, VllmServerSettings } from './settings.js';
import type { VllmEnvironment } from './vllm-environment.js';

const GIGABYTE = 1e9;

/** Null without VLLM_BASE_URL. */
export function readVllmSettings(environment: VllmEnvironment): VllmServerSettings | null {
  if (environment.VLLM_BASE_URL === null) return null;
  return {
    baseUrl: environment.VLLM_BASE_URL,
    apiKey: environment.VLLM_API_KEY,
    model: environment.CLAAS_VLLM_MODEL,
    loraRoot: environment.CLAAS_VLLM_LORA_ROOT,
    sharesAccelerator: environment.CLAAS_VLLM_SHARES_ACCELERATOR,
    dtype: environment.CLAAS_VLLM_DTYPE,
    scoresAlone: environment.CLAAS_VLLM_SCORES_ALONE,
    asleepTimeoutMs: environment.CLAAS_VLLM_ASLEEP_TIMEOUT_S * 1000,
    answerTimeoutMs: environment.CLAAS_VLLM_ANSWER_TIMEOUT_S * 1000,
    minFreeBytes: environment.FEEDBACK_MIN_FREE_VRAM_GB * GIGABYTE,
    freeMemoryTimeoutMs: environment.FEEDBACK_SLEEP_VERIFY_TIMEOUT_S * 1000,
  };
}

/** Null without CLAAS_TEACHER_BASE_URL. */
export function readTeacherSettings(environment: VllmEnvironment): TeacherSettings | null {
  const { CLAAS_TEACHER_BASE_URL: baseUrl, CLAAS_TEACHER_MODEL: model } = environment;
  if (baseUrl === null || model === null) return null;
  return {
    baseUrl,
    model,
    apiKey: environment.CLAAS_TEACHER_API_KEY,
    timeoutMs: environment.CLAAS_TEACHER_TIMEOUT_S * 1000,
  };
}
