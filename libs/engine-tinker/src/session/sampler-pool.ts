import type { TinkerClient } from '../client/tinker-client.js';
import { isUnknown } from '../client/tinker-client.js';
import { TinkerLostError } from '../client/tinker-errors.js';
import { decodeSample } from '../wire/sample-result.js';
import type { SampleResult } from '../wire/sample-result.js';
import type { ServiceSession } from './service-session.js';

export interface SampleRequest {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  /** 0 is off. */
  readonly topK: number;
  readonly seed: number;
  readonly stopTokenIds: readonly number[];
  readonly promptLogprobs?: boolean;
  /** How many alternatives of each prompt token are wanted. */
  readonly topPromptLogprobs?: number;
}

interface SamplingSession {
  readonly id: string;
  readonly sessionId: string;
  nextSeqId: number;
}

/** What is sampled only because a prompt is to be scored. */
const SCORING = { maxTokens: 1, temperature: 0, topP: 1, topK: 0, seed: 0, stopTokenIds: [] } as const;

/** The service's samplers: one for each checkpoint that is asked, and one for the base model. Made when first asked. */
export class SamplerPool {
  private readonly sessions = new Map<string | null, Promise<SamplingSession>>();

  constructor(
    private readonly client: TinkerClient,
    private readonly session: ServiceSession,
  ) {}

  /**
   * @param path of a sampler's checkpoint; null: the base model
   * @throws ClaasError `cancelled`, and as the client
   */
  async sample(path: string | null, request: SampleRequest, signal?: AbortSignal): Promise<SampleResult> {
    for (let attempt = 1; ; attempt++) {
      const sampler = await this.samplerOf(path, signal);
      try {
        return await this.ask(sampler, request, signal);
      } catch (error) {
        if (!(error instanceof TinkerLostError)) throw error;
        this.sessions.delete(path);
        this.session.forget(sampler.sessionId);
        if (attempt > 1) throw error;
      }
    }
  }

  /** Log-probs of a prompt's own tokens, and alternatives for them where asked. */
  score(path: string | null, prompt: readonly number[], topK: number, signal?: AbortSignal): Promise<SampleResult> {
    return this.sample(path, { ...SCORING, prompt, promptLogprobs: true, topPromptLogprobs: topK }, signal);
  }

  /** Nobody asks this checkpoint any more. The service has no call to end a sampling session: it ends with the session. */
  forget(path: string): void {
    this.sessions.delete(path);
  }

  private async ask(sampler: SamplingSession, request: SampleRequest, signal?: AbortSignal): Promise<SampleResult> {
    const { prompt, maxTokens, temperature, topP, topK, seed, stopTokenIds } = request;
    const json = {
      sampling_session_id: sampler.id,
      seq_id: sampler.nextSeqId++,
      num_samples: 1,
      prompt: { chunks: [{ type: 'encoded_text', tokens: prompt }] },
      sampling_params: {
        max_tokens: maxTokens,
        seed,
        temperature,
        top_p: topP,
        top_k: topK === 0 ? -1 : topK,
        ...(stopTokenIds.length > 0 && { stop: stopTokenIds }),
      },
      ...(request.promptLogprobs === true && { prompt_logprobs: true }),
      ...(request.topPromptLogprobs !== undefined && { topk_prompt_logprobs: request.topPromptLogprobs }),
      type: 'sample',
    };
    const call = { name: 'asample', path: '/asample', json, headers: { 'x-tinker-sampling-backpressure': '1' } };
    const { bytes } = await this.client.run({ type: 'Sample', call, signal });
    return decodeSample(bytes);
  }

  private async samplerOf(path: string | null, signal?: AbortSignal): Promise<SamplingSession> {
    const known = await this.sessions.get(path)?.catch(() => undefined);
    if (known !== undefined && known.sessionId === this.session.id) return known;
    const created = this.create(path, signal);
    this.sessions.set(path, created);
    created.catch(() => {
      if (this.sessions.get(path) === created) this.sessions.delete(path);
    });
    return created;
  }

  private async create(path: string | null, signal?: AbortSignal): Promise<SamplingSession> {
    for (let attempt = 1; ; attempt++) {
      const { sessionId, seqId } = await this.session.samplerSlot(signal);
      const model = path === null ? { base_model: this.client.settings.baseModel } : { model_path: path };
      const request = { session_id: sessionId, sampling_session_seq_id: seqId, ...model };
      try {
        const json = { ...request, type: 'create_sampling_session' };
        const id = await this.client.post('create_sampling_session', json, 'sampling_session_id', signal);
        return { id, sessionId, nextSeqId: 0 };
      } catch (error) {
        if (!isUnknown(error) || attempt > 1) throw error;
        this.session.forget(sessionId);
      }
    }
  }
}
