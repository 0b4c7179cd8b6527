import {
  ClaasError,
  ServingControl,
  type AdapterId,
  type AdapterSource,
  type ExpectedLogprobs,
  type GeneratedToken,
  type GenerationOptions,
  type GenerationRequest,
  type GenerationSummary,
  type Score,
  type ScoreRequest,
  type ServedModel,
  type ServedVersion,
  type ServingHealth,
  type Verification,
} from '@claas/contracts';
import { RecordedServing } from '../feedback/testing/recorded-serving.js';

/** A server that says what a test tells it to, one word a token, and remembers what it was asked. */
export class ScriptedServing extends ServingControl {
  readonly capabilities = { releasesAccelerator: false };
  private readonly versions = new RecordedServing();
  answer = 'My name is Clay.';
  /** Thrown instead of an answer, before its first token. */
  failure: ClaasError | null = null;
  /** Awaited before each token but the first. */
  gate: Promise<void> = Promise.resolve();
  /** Answers that ended because their client went away. */
  cancellations = 0;
  readonly asked: { readonly model: ServedModel; readonly request: GenerationRequest | ScoreRequest }[] = [];

  async generate(
    model: ServedModel,
    request: GenerationRequest,
    { signal, onToken }: GenerationOptions = {},
  ): Promise<GenerationSummary> {
    this.asked.push({ model, request });
    if (this.failure !== null) throw this.failure;
    const words = this.answer.split(/(?<= )/);
    const limit = Math.min(words.length, request.sampling.maxTokens ?? Infinity);
    const tokens = words.slice(0, limit).map((text, index) => tokenOf(text, index, request.sampling.topLogprobs));
    for (const [index, token] of tokens.entries()) {
      if (index > 0) await this.gateOr(signal);
      onToken?.(token);
    }
    return {
      text: tokens.map(({ text }) => text).join(''),
      promptTokenIds: [1, 2, 3],
      responseTokenIds: tokens.map(({ tokenId }) => tokenId),
      logprobs: tokens.map(({ logprob }) => logprob),
      samplingLogprobs: tokens.map(({ logprob }) => logprob / 2),
      temperature: request.sampling.temperature ?? 0.7,
      seed: request.sampling.seed ?? 42,
      finishReason: limit < words.length ? 'length' : 'stop',
      version: this.versionOf(model),
    };
  }

  async score(model: ServedModel, request: ScoreRequest): Promise<Score> {
    this.asked.push({ model, request });
    if (this.failure !== null) throw this.failure;
    const words = 'text' in request.completion ? request.completion.text.split(/(?<= )/) : [];
    return {
      promptTokenIds: [1, 2, 3],
      tokenIds: words.map((_, index) => 10 + index),
      tokens: words,
      logprobs: words.map(() => -0.5),
    };
  }

  drain(): Promise<void> {
    return this.versions.drain();
  }

  release(): Promise<void> {
    return this.versions.release();
  }

  restore(): Promise<void> {
    return this.versions.restore();
  }

  publish(version: AdapterSource): Promise<void> {
    return this.versions.publish(version);
  }

  retract(loraId: AdapterId): Promise<void> {
    return this.versions.retract(loraId);
  }

  verify(version: ServedVersion, expected: ExpectedLogprobs): Promise<Verification> {
    return this.versions.verify(version, expected);
  }

  published(): readonly ServedVersion[] {
    return this.versions.published();
  }

  health(): Promise<ServingHealth> {
    return this.versions.health();
  }

  private versionOf(model: ServedModel): number | null {
    if (model.kind === 'base') return null;
    return this.published().find(({ loraId }) => loraId === model.loraId)?.version ?? null;
  }

  private async gateOr(signal: AbortSignal | undefined): Promise<void> {
    const aborted = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        this.cancellations += 1;
        reject(new ClaasError('cancelled', 'The request was cancelled.'));
      });
    });
    await Promise.race([this.gate, aborted]);
  }
}

function tokenOf(text: string, index: number, topLogprobs: number): GeneratedToken {
  const logprob = -0.25 * (index + 1);
  const alternatives = Array.from({ length: topLogprobs }, (_, rank) => ({
    tokenId: 100 + rank,
    text: `other${rank}`,
    logprob: logprob - rank - 1,
  }));
  return { tokenId: 10 + index, text, logprob, alternatives };
}
