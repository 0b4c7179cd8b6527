import type { TrainingSettings } from '@claas/contracts';
import { ADAMW_DEFAULTS } from '@claas/core-sdpo';
import type { AdamWSettings, DivergenceSupport, SdpoSettings } from '@claas/core-sdpo';

/**
 * The loss that a request asks for. With `top_k`, the student chooses the support where the teacher's whole distribution is
 * known, and a remote teacher itself where only its likeliest tokens are: at temperature 1, since their share of another
 * temperature's distribution can't be had from them.
 */
export function sdpoSettings(settings: TrainingSettings, temperature: number): SdpoSettings {
  return {
    alpha: settings.alpha,
    temperature: settings.teacherMode === 'remote' ? 1 : temperature,
    support: supportOf(settings),
    isClip: settings.isClip,
    klRegWeight: settings.klRegWeight,
  };
}

function supportOf({ topK, teacherMode }: TrainingSettings): DivergenceSupport {
  if (topK === null) return { kind: 'full' };
  return { kind: teacherMode === 'remote' ? 'teacher_topk' : 'student_topk', k: topK };
}

/** The update that a request asks for. */
export function adamWSettings({ learningRate, maxGradNorm }: TrainingSettings): AdamWSettings {
  return { ...ADAMW_DEFAULTS, learningRate, maxGradNorm };
}
