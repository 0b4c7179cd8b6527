import { ClaasError } from '@claas/contracts';
import type { DistillationRequest } from '@claas/contracts';
import type { PreparedDistillation } from '@claas/training/without-tensors';
import type { SdpoLossSettings } from '../sdpo/sdpo-evaluation.js';
import type { TinkerConnection } from '../tinker-connection.js';

/** A request with nothing left to decide. */
export interface PreparedStep extends PreparedDistillation {
  /** Support size. */
  readonly K: number;
  readonly loss: SdpoLossSettings;
}

/**
 * Tokenizes and checks a request, and says what the service's limits make of it: without `top_k` the support is the largest
 * that is allowed, and a temperature other than 1 needs the whole vocabulary.
 * @throws ClaasError as DistillationEngine.prepare
 */
export function prepareStep({ text, settings, contextLength }: TinkerConnection, request: DistillationRequest): PreparedStep {
  const { baseModel, maxTopK } = settings;
  if (request.baseModel !== baseModel) throw otherBaseModel(request.baseModel, baseModel);
  const { topK, alpha, isClip, klRegWeight } = request.settings;
  if (topK !== null && topK > maxTopK) throw supportTooLarge(topK, maxTopK);
  const prepared = text.prepare(request, contextLength);
  assertRoom(prepared, contextLength);
  const K = Math.min(topK ?? maxTopK, text.vocabularySize);
  const isWhole = K === text.vocabularySize;
  const loss = { alpha, isClip, klRegWeight };
  if (isWhole || prepared.temperature === 1) return { ...prepared, K, loss: { ...loss, temperature: prepared.temperature } };
  return {
    ...prepared,
    K,
    rolloutLogprobs: null,
    warnings: [...prepared.warnings, temperatureWarning(prepared.temperature)],
    loss: { ...loss, temperature: 1 },
  };
}

/** The sampler that names the support samples one token beyond the response. */
function assertRoom({ promptTokenIds, responseTokenIds }: PreparedDistillation, contextLength: number): void {
  const [prompt, response] = [promptTokenIds.length, responseTokenIds.length];
  if (prompt + response < contextLength) return;
  throw new ClaasError(
    'context_too_long',
    `The conversation has ${prompt} tokens and the response ${response}; together they may be ${contextLength - 1}, since the service's sampler needs one more. Send a shorter conversation or response.`,
    { prompt_tokens: prompt, response_tokens: response, context_length: contextLength },
  );
}

export function otherBaseModel(requested: string, baseModel: string): ClaasError {
  return new ClaasError(
    'base_model_not_allowed',
    `base_model is ${requested}, and this service trains ${baseModel} (CLAAS_TINKER_BASE_MODEL).`,
    { base_model: requested, loaded: baseModel },
  );
}

function supportTooLarge(topK: number, maxTopK: number): ClaasError {
  return new ClaasError(
    'request_invalid',
    `top_k is ${topK}; the Tinker service is asked for at most ${maxTopK} alternatives per token (CLAAS_TINKER_MAX_TOP_K). Send a smaller one, or leave it out.`,
    { field: 'training.top_k', top_k: topK, max_top_k: maxTopK },
  );
}

function temperatureWarning(temperature: number): string {
  return `The answer was sampled at temperature ${temperature}; a Tinker service tells log-probs of a few tokens at temperature 1, so the step was taken at temperature 1, with an importance ratio of 1.`;
}
