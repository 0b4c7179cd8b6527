import type { TrainingSettings } from '@claas/contracts';
import { ADAMW_DEFAULTS } from '@claas/core-sdpo';
import type { AdamWSettings, SdpoSettings } from '@claas/core-sdpo';

/** The loss that a request asks for. With `top_k`, the student chooses the support: the teacher's whole distribution is known here. */
export function sdpoSettings(settings: TrainingSettings, temperature: number): SdpoSettings {
  return {
    alpha: settings.alpha,
    temperature,
    support: settings.topK === null ? { kind: 'full' } : { kind: 'student_topk', k: settings.topK },
    isClip: settings.isClip,
    klRegWeight: settings.klRegWeight,
  };
}

/** The update that a request asks for. */
export function adamWSettings({ learningRate, maxGradNorm }: TrainingSettings): AdamWSettings {
  return { ...ADAMW_DEFAULTS, learningRate, maxGradNorm };
}
