import { ClaasError, retryAfterCrash, ServingControl } from '@claas/contracts';
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
  TrainerChannel,
  Verification,
} from '@claas/contracts';
import { largestDifference } from './largest-difference.js';

/**
 * How far the server's log-probs may be from the trainer's, in nats. Both come from the same weights in the same float32
 * arithmetic, and differ only by what float32 sums lose over a few hundred positions (about 1e-5): anything near 1e-3
 * means that another version answered.
 */
const VERIFICATION_TOLERANCE_NATS = 1e-3;

/**
 * Serving without a server of its own: the trainer process answers, each request with the version that is published when
 * it begins. The process orders requests and steps itself, so nothing has to be drained, released or restored.
 */
export class EmbeddedServing extends ServingControl {
  override readonly capabilities: ServingCapabilities = { releasesAccelerator: false };
  private readonly versions = new Map<AdapterId, AdapterSource>();

  /** The engine that owns `trainer` ends it. */
  constructor(private readonly trainer: TrainerChannel) {
    super();
  }

  override drain(): Promise<void> {
    return Promise.resolve();
  }

  override release(): Promise<void> {
    return Promise.resolve();
  }

  override restore(): Promise<void> {
    return Promise.resolve();
  }

  override publish(version: AdapterSource): Promise<void> {
    this.versions.set(version.loraId, version);
    return Promise.resolve();
  }

  override retract(loraId: AdapterId): Promise<void> {
    this.versions.delete(loraId);
    return Promise.resolve();
  }

  /** Scores the tokens with the published version, as it lies on the disk. @throws ClaasError `verification_failed` when another version is published */
  override async verify(version: ServedVersion, expected: ExpectedLogprobs): Promise<Verification> {
    const served = this.find(version.loraId);
    if (served.version !== version.version) {
      throw new ClaasError(
        'verification_failed',
        `LoRA ${version.loraId} is served with version ${served.version}, not with version ${version.version}. Publish that version first.`,
        { lora_id: version.loraId, served: served.version, expected: version.version },
      );
    }
    const { logprobs } = await this.score(
      { kind: 'adapter', loraId: version.loraId },
      {
        prompt: { kind: 'tokens', tokenIds: expected.promptTokenIds },
        completion: { tokenIds: expected.responseTokenIds },
      },
    );
    const maxDifference = largestDifference(logprobs, expected.logprobs);
    const tolerance = VERIFICATION_TOLERANCE_NATS;
    return { verified: maxDifference <= tolerance, maxDifference, tolerance };
  }

  override published(): readonly ServedVersion[] {
    return [...this.versions.values()].map(({ loraId, version }) => ({ loraId, version }));
  }

  /** A request whose trainer dies before its first token is sent once more; after that token its client has seen an answer begin. */
  override async generate(
    model: ServedModel,
    request: GenerationRequest,
    options: GenerationOptions = {},
  ): Promise<GenerationSummary> {
    const adapter = this.adapterOf(model);
    let hasBegun = false;
    return retryAfterCrash(
      () =>
        this.trainer.call(
          'generate',
          { ...request, adapter },
          {
            ...(options.signal && { signal: options.signal }),
            onProgress: (token) => {
              hasBegun = true;
              options.onToken?.(token);
            },
          },
        ),
      () => !hasBegun && options.signal?.aborted !== true,
    );
  }

  override async score(model: ServedModel, request: ScoreRequest): Promise<Score> {
    const adapter = this.adapterOf(model);
    return retryAfterCrash(
      () => this.trainer.call('score', { ...request, adapter }),
      () => true,
    );
  }

  override async health(): Promise<ServingHealth> {
    const { running, problem, status } = await this.trainer.health();
    return { ready: problem === null, problem, details: { running, published: this.versions.size, ...status } };
  }

  private adapterOf(model: ServedModel): AdapterSource | null {
    return model.kind === 'base' ? null : this.find(model.loraId);
  }

  private find(loraId: AdapterId): AdapterSource {
    const version = this.versions.get(loraId);
    if (version !== undefined) return version;
    throw new ClaasError(
      'model_not_found',
      `No model named ${loraId} is served. GET /v1/models lists those that are.`,
      {
        model: loraId,
      },
    );
  }
}
