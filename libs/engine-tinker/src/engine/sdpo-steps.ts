import { ClaasError } from '@claas/contracts';
import { evaluateSdpo } from '../sdpo/sdpo-evaluation.js';
import type { PositionLogprobs, SdpoEvaluation } from '../sdpo/sdpo-evaluation.js';
import { ResponseTargets } from '../sdpo/response-targets.js';
import type { AdamParams, TrainingModel } from '../session/training-model.js';
import type { TinkerConnection } from '../tinker-connection.js';
import type { PreparedStep } from './prepared-step.js';

/**
 * The SDPO loss of one answer against a fixed teacher, on a fixed support: the likeliest tokens at each position before the step.
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
    const { promptTokenIds, teacherTokenIds, responseTokenIds, loss } = prepared;
    const support = await supportOf(connection, prepared, parentSampler, signal);
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

/** (T) rows of ids: the parent's K likeliest at each position, then those of the teacher's that are not among them. */
async function supportOf(
  { samplers, contextLength }: TinkerConnection,
  { promptTokenIds, teacherTokenIds, responseTokenIds, K, withTeachersTokens }: PreparedStep,
  parentSampler: string,
  signal: AbortSignal | undefined,
): Promise<number[][]> {
  const likeliest = async (path: string | null, context: readonly number[]): Promise<(readonly number[])[]> => {
    // One more token is sampled: where the teacher's context leaves no room for it, the last position does without.
    const tokens = [...context, ...responseTokenIds].slice(0, contextLength - 1);
    const { topTokens } = await samplers.score(path, tokens, K, signal);
    return topTokens.slice(context.length).map(({ tokenIds }) => tokenIds);
  };
  const [students, teachers] = await Promise.all([
    likeliest(parentSampler, promptTokenIds),
    withTeachersTokens ? likeliest(null, teacherTokenIds) : [],
  ]);
  if (students.length !== responseTokenIds.length || students.some((ids) => ids.length === 0)) {
    throw new ClaasError(
      'trainer_protocol',
      'The Tinker service named no alternatives for some tokens (topk_prompt_logprobs). Try a smaller CLAAS_TINKER_MAX_TOP_K.',
    );
  }
  return students.map((ids, t) => [...new Set([...ids, ...(teachers[t] ?? [])])]);
}
