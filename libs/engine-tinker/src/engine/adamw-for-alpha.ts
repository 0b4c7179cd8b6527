import type { TrainingSettings } from '@claas/contracts';
import { alphaScale } from '../checkpoint/service-weights.js';
import type { AdamParams } from '../session/training-model.js';

/** As core-sdpo has them. */
const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 } as const;

/**
 * The service's parameters are ours times s = √(α/α_service), and its gradients ours divided by s. With these settings its
 * AdamW step is s times ours, exactly (docs/tinker.md).
 */
export function adamWForAlpha(
  { learningRate, maxGradNorm }: Pick<TrainingSettings, 'learningRate' | 'maxGradNorm'>,
  loraAlpha: number,
  serviceLoraAlpha: number,
): AdamParams {
  const s = alphaScale(loraAlpha, serviceLoraAlpha);
  return {
    learningRate: learningRate * s,
    beta1: ADAMW.beta1,
    beta2: ADAMW.beta2,
    epsilon: ADAMW.epsilon / s,
    weightDecay: ADAMW.weightDecay / s,
    gradClipNorm: maxGradNorm / s,
  };
}
