import { ClaasError } from '@claas/contracts';
import { evaluateSdpo } from '../sdpo/sdpo-evaluation.js';
import type { PositionLogprobs, SdpoEvaluation } from '../sdpo/sdpo-evaluation.js';
import { ResponseTargets } from '../sdpo/response-targets.js';
import type { AdamParams, TrainingModel } from '../session/training-model.js';
import type { TinkerConnection } from '../tinker-connection.js';
import type { PreparedStep } from './prepared-step.js';

/**
 * The SDPO loss of one answer against a fixed teacher, on a fixed support: the parent's K likeliest tokens at each position.
 * Teacher and base are the frozen base model; they are asked once.
 */
export class SdpoSteps {
  private constructor(
    private readonly prepared: PreparedStep,
    private readonly targets: ResponseTargets,
    private readonly teacher: readonly PositionLogprobs[],
    private readonly base: readonly PositionLogprobs[] | null,
  ) {}

  /** @param parentSampler path of the parent's sampler checkpoint */
  static async prepare(
    connection: TinkerConnection,
    prepared: PreparedStep,
    parentSampler: string,
    signal: AbortSignal | undefined,
  ): Promise<SdpoSteps> {
    const { promptTokenIds, teacherTokenIds, responseTokenIds, K, loss } = prepared;
    const tokens = [...promptTokenIds, ...responseTokenIds];
    const { topTokens } = await connection.samplers.score(parentSampler, tokens, K, signal);
    const support = topTokens.slice(promptTokenIds.length).map(({ tokenIds }) => tokenIds);
    if (support.length !== responseTokenIds.length || support.some((ids) => ids.length === 0)) {
      throw new ClaasError(
        'trainer_protocol',
        'The Tinker service named no alternatives for some tokens (topk_prompt_logprobs). Try a smaller CLAAS_TINKER_MAX_TOP_K.',
      );
    }
    const targets = new ResponseTargets(responseTokenIds, support, connection.text.vocabularySize);
    const ask = async (context: readonly number[]): Promise<PositionLogprobs[]> =>
      targets.positions(await connection.baseModel.logprobs(targets.sequences(context, null), signal));
    const teacher = await ask(teacherTokenIds);
    const isSameContext = teacherTokenIds.join() === promptTokenIds.join();
    const base = loss.klRegWeight === 0 ? null : isSameContext ? teacher : await ask(promptTokenIds);
    return new SdpoSteps(prepared, targets, teacher, base);
  }

  /** The loss of a model as it is. @throws ClaasError `step_not_finite` */
  async evaluate(model: TrainingModel, signal: AbortSignal | undefined): Promise<SdpoEvaluation> {
    const sequences = this.targets.sequences(this.prepared.promptTokenIds, null);
    const student = this.targets.positions(await model.forwardBackward(sequences, { backward: false, signal }));
    const { teacher, base } = this;
    return evaluateSdpo({ student, teacher, base, rolloutLogprobs: this.prepared.rolloutLogprobs }, this.prepared.loss);
  }

  /** One update along the gradient of the evaluated loss; its norm before clipping, null where the service doesn't tell it. */
  async update(
    model: TrainingModel,
    { weights }: SdpoEvaluation,
    params: AdamParams,
    signal: AbortSignal | undefined,
    onUpdate: () => void,
  ): Promise<number | null> {
    const sequences = this.targets.sequences(this.prepared.promptTokenIds, weights);
    await model.forwardBackward(sequences, { backward: true, signal });
    onUpdate();
    return model.optimStep(params, signal);
  }
}
