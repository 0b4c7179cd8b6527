import {
  ClaasError,
  ServingControl,
  type AdapterId,
  type AdapterSource,
  type ExpectedLogprobs,
  type GenerationSummary,
  type Score,
  type ServedVersion,
  type ServingHealth,
  type Verification,
} from '@claas/contracts';
import { logprobsOf, readLearned } from './weights.js';

const TOLERANCE = 1e-3;

/** A ServingControl that answers with what a published version has learned. */
export class RecordedServing extends ServingControl {
  readonly capabilities;
  private readonly sources = new Map<AdapterId, AdapterSource>();
  private isAsleep = false;
  /** A version that the server gets wrong although it was told of it: it goes on with what it had before. */
  staleVersion: number | null = null;

  constructor(options: { readonly releasesAccelerator: boolean } = { releasesAccelerator: false }) {
    super();
    this.capabilities = options;
  }

  async drain(): Promise<void> {
    await Promise.resolve();
  }

  async release(): Promise<void> {
    this.isAsleep = true;
  }

  async restore(): Promise<void> {
    this.isAsleep = false;
  }

  async publish(version: AdapterSource): Promise<void> {
    this.refuseAsleep();
    if (version.version !== this.staleVersion) this.sources.set(version.loraId, version);
  }

  async retract(loraId: AdapterId): Promise<void> {
    this.sources.delete(loraId);
  }

  async verify(version: ServedVersion, expected: ExpectedLogprobs): Promise<Verification> {
    this.refuseAsleep();
    const logprobs = logprobsOf(await this.learned(version.loraId), expected.responseTokenIds);
    const differences = logprobs.map((logprob, index) => Math.abs(logprob - (expected.logprobs[index] ?? Infinity)));
    const maxDifference = Math.max(...differences);
    return { verified: maxDifference <= TOLERANCE, maxDifference, tolerance: TOLERANCE };
  }

  published(): readonly ServedVersion[] {
    return [...this.sources.values()].map(({ loraId, version }) => ({ loraId, version }));
  }

  /** What the server would answer from. */
  async learned(loraId: AdapterId): Promise<string[]> {
    const source = this.sources.get(loraId);
    if (source === undefined) throw new ClaasError('model_not_found', `Nothing is served as ${loraId}.`);
    return readLearned(source.directory);
  }

  generate(): Promise<GenerationSummary> {
    throw new Error('The transaction asks for no answer.');
  }

  score(): Promise<Score> {
    throw new Error('The transaction asks for no score.');
  }

  async health(): Promise<ServingHealth> {
    return { ready: !this.isAsleep, problem: null, details: {} };
  }

  private refuseAsleep(): void {
    if (this.isAsleep) throw new ClaasError('serving_failed', 'The server sleeps.');
  }
}
