import { ClaasError } from '@claas/contracts';
import type { DistillationRequest } from '@claas/contracts';
import type { PreparedDistillation } from '@claas/training/without-tensors';
import type { SdpoLossSettings } from '../sdpo/sdpo-evaluation.js';
import type { TinkerConnection } from '../tinker-connection.js';

/** A request with nothing left to decide. */
export interface PreparedStep extends PreparedDistillation {
  /** How many of the likeliest tokens the support has. */
  readonly K: number;
  /** Does it have the teacher's too, beside the student's? */
  readonly withTeachersTokens: boolean;
  readonly loss: SdpoLossSettings;
}

/**
 * Tokenizes and checks a request, and says what the service's limits make of it. Without `top_k`, the whole vocabulary is wanted:
 * the support is then the largest that is allowed, and has the teacher's likeliest tokens as well, since a new fact is not among
 * the student's. A temperature other than 1 needs the whole vocabulary itself.
 * @throws ClaasError as DistillationEngine.prepare
 */
export function prepareStep(
  { text, settings, contextLength }: TinkerConnection,
  request: DistillationRequest,
): PreparedStep {
  const { baseModel, maxTopK } = settings;
  if (request.baseModel !== baseModel) throw otherBaseModel(request.baseModel, baseModel);
  const { topK, alpha, isClip, klRegWeight } = request.settings;
  const prepared = text.prepare(request, contextLength);
  assertRoom(prepared, contextLength);
  const K = Math.min(topK ?? maxTopK, maxTopK, text.vocabularySize);
  const isCut = topK !== null && K < Math.min(topK, text.vocabularySize);
  const warnings = [...prepared.warnings, ...(isCut ? [supportWarning(topK, K)] : [])];
  const { temperature } = prepared;
  const isWhole = K === text.vocabularySize;
  const withTeachersTokens = topK === null && !isWhole;
  const loss = { alpha, isClip, klRegWeight };
  const step = { ...prepared, K, withTeachersTokens };
  if (isWhole || temperature === 1) return { ...step, warnings, loss: { ...loss, temperature } };
  return {
    ...step,
    rolloutLogprobs: null,
    warnings: [...warnings, temperatureWarning(temperature)],
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

function supportWarning(topK: number, K: number): string {
  return `The support was cut from top_k ${topK} to ${K}, as many alternatives as the Tinker service is asked for (CLAAS_TINKER_MAX_TOP_K).`;
}

function temperatureWarning(temperature: number): string {
  return `The answer was sampled at temperature ${temperature}; a Tinker service tells log-probs of a few tokens at temperature 1, so the step was taken at temperature 1, with an importance ratio of 1.`;
}
