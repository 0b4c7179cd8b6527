import { ClaasError, ServingControl } from '@claas/contracts';
import type {
  AdapterId,
  AdapterSource,
  ExpectedLogprobs,
  GenerationOptions,
  GenerationRequest,
  GenerationSummary,
  Score,
  ScoreRequest,
  ServedModel,
  ServedVersion,
  ServingCapabilities,
  ServingHealth,
  Verification,
} from '@claas/contracts';
import { tokenTexts } from '@claas/training/without-tensors';
import { requireVersionCheckpoint } from '../checkpoint/version-checkpoint.js';
import type { TinkerConnection } from '../tinker-connection.js';
import { compareLogprobs, SERVICE_TOLERANCE } from './compare-logprobs.js';
import type { VerificationTolerance } from './compare-logprobs.js';
import { contextTooLong, sampledAnswer } from './sampled-answer.js';

interface Sampler {
  /** Of the sampler's checkpoint; null: the base model. */
  readonly path: string | null;
  readonly version: number | null;
}

/** Serving through a Tinker service's samplers: each version's checkpoint is one of its own. */
export class TinkerServing extends ServingControl {
  override readonly capabilities: ServingCapabilities = { releasesAccelerator: false };
  private readonly adapters = new Map<AdapterId, { readonly path: string; readonly version: number }>();

  constructor(
    private readonly connection: TinkerConnection,
    private readonly tolerance: VerificationTolerance = SERVICE_TOLERANCE,
  ) {
    super();
  }

  /** The service's accelerators are none of ours. */
  override drain(): Promise<void> {
    return Promise.resolve();
  }

  override release(): Promise<void> {
    return Promise.resolve();
  }

  override restore(): Promise<void> {
    return Promise.resolve();
  }

  override async publish({ loraId, version, directory }: AdapterSource): Promise<void> {
    const { samplerPath: path } = await requireVersionCheckpoint(directory);
    const before = this.adapters.get(loraId);
    this.adapters.set(loraId, { path, version });
    if (before !== undefined && before.path !== path) this.connection.samplers.forget(before.path);
  }

  override retract(loraId: AdapterId): Promise<void> {
    const before = this.adapters.get(loraId);
    this.adapters.delete(loraId);
    if (before !== undefined) this.connection.samplers.forget(before.path);
    return Promise.resolve();
  }

  /** @throws ClaasError `verification_failed` when another version is published */
  override async verify({ loraId, version }: ServedVersion, expected: ExpectedLogprobs): Promise<Verification> {
    const sampler = this.find({ kind: 'adapter', loraId });
    if (sampler.version !== version) {
      throw new ClaasError(
        'verification_failed',
        `LoRA ${loraId} is served with version ${sampler.version}, not with version ${version}. Publish that version first.`,
        { lora_id: loraId, served: sampler.version, expected: version },
      );
    }
    const served = await this.logprobs(sampler, expected.promptTokenIds, expected.responseTokenIds);
    return compareLogprobs(served, expected, this.tolerance);
  }

  override published(): readonly ServedVersion[] {
    return [...this.adapters].map(([loraId, { version }]) => ({ loraId, version }));
  }

  override async generate(
    model: ServedModel,
    { prompt, sampling }: GenerationRequest,
    options: GenerationOptions = {},
  ): Promise<GenerationSummary> {
    const sampler = this.find(model);
    return sampledAnswer(this.connection, sampler, this.connection.text.encode(prompt), sampling, options);
  }

  override async score(model: ServedModel, { prompt, completion }: ScoreRequest): Promise<Score> {
    const sampler = this.find(model);
    const { text } = this.connection;
    const promptTokenIds = text.encode(prompt);
    const tokenIds = 'tokenIds' in completion ? completion.tokenIds : text.encodeContinuation(completion.text);
    const logprobs = await this.logprobs(sampler, promptTokenIds, tokenIds);
    return { promptTokenIds, tokenIds, tokens: tokenTexts(text.tokenizer, tokenIds), logprobs };
  }

  override async health(): Promise<ServingHealth> {
    const { baseUrl, baseModel } = this.connection.settings;
    const details = { kind: 'tinker', service: baseUrl, base_model: baseModel, published: this.adapters.size };
    try {
      await this.connection.check();
      return { ready: true, problem: null, details };
    } catch (error) {
      return { ready: false, problem: ClaasError.from(error).message, details };
    }
  }

  private find(model: ServedModel): Sampler {
    if (model.kind === 'base') return { path: null, version: null };
    const adapter = this.adapters.get(model.loraId);
    if (adapter !== undefined) return adapter;
    const message = `No model named ${model.loraId} is served. GET /v1/models lists those that are.`;
    throw new ClaasError('model_not_found', message, { model: model.loraId });
  }

  /** log p of each token after the prompt, at temperature 1. */
  private async logprobs(
    { path }: Sampler,
    promptTokenIds: readonly number[],
    tokenIds: readonly number[],
  ): Promise<readonly number[]> {
    const tokens = [...promptTokenIds, ...tokenIds];
    const { contextLength, samplers } = this.connection;
    if (tokens.length + 1 > contextLength) throw contextTooLong(tokens.length, contextLength);
    const { promptLogprobs } = await samplers.score(path, tokens, 0);
    return [...promptLogprobs.subarray(promptTokenIds.length)];
  }
}
