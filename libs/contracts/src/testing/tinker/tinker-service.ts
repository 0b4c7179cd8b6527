import { randomUUID } from 'node:crypto';
import type { CheckpointFolder, CheckpointKind } from './checkpoint-folder.js';
import { Futures, RequestFailure } from './futures.js';
import type { Payload } from './futures.js';
import { TinkerHttpError } from './http-error.js';
import { OrderedRequests } from './ordered-requests.js';
import type { AdamParams, LoraConfig, SamplingParams, TinkerModel, TrainableAdapter } from './tinker-model.js';
import { writeForwardBackward, writeSample } from './wire-format.js';
import type { ForwardBackwardCall } from './wire-format.js';

interface TrainedModel {
  readonly id: string;
  readonly config: LoraConfig;
  readonly adapter: TrainableAdapter;
  readonly requests: OrderedRequests;
}

interface SamplingSession {
  /** A checkpoint's directory; null for the base model. */
  readonly adapter: string | null;
  readonly requests: OrderedRequests;
}

interface Session {
  lastHeartbeat: number;
  readonly creations: OrderedRequests;
  readonly models: Map<string, TrainedModel>;
  readonly samplers: Map<string, SamplingSession>;
}

export interface SampleCall {
  readonly seqId: number;
  readonly prompt: readonly number[];
  readonly samples: number;
  readonly params: SamplingParams;
  readonly wantsPromptLogprobs: boolean;
  readonly topK: number;
}

/** What the service holds in memory and does with the model: sessions, models, sampling sessions, and the order of their work. */
export class TinkerService {
  readonly futures = new Futures();
  private readonly sessions = new Map<string, Session>();
  /** The model computes for one at a time. */
  private computing: Promise<unknown> = Promise.resolve();

  constructor(
    readonly model: TinkerModel,
    readonly checkpoints: CheckpointFolder,
    private readonly heartbeatLimitMs: number,
  ) {}

  get counts(): Readonly<Record<'sessions' | 'models' | 'samplers', number>> {
    const sessions = [...this.sessions.values()];
    return {
      sessions: sessions.length,
      models: sessions.reduce((sum, { models }) => sum + models.size, 0),
      samplers: sessions.reduce((sum, { samplers }) => sum + samplers.size, 0),
    };
  }

  createSession(): string {
    const id = randomUUID();
    const creations = new OrderedRequests(0, false);
    this.sessions.set(id, { lastHeartbeat: Date.now(), creations, models: new Map(), samplers: new Map() });
    return id;
  }

  heartbeat(id: string): void {
    this.session(id).lastHeartbeat = Date.now();
  }

  /** As a restart, or heartbeats that never came. */
  endSessions(): void {
    for (const id of this.sessions.keys()) this.endSession(id);
  }

  createModel(sessionId: string, modelSeqId: number, baseModel: string, config: LoraConfig): string {
    const session = this.session(sessionId);
    if (baseModel !== this.model.name) throw new TinkerHttpError(400, `unsupported base model ${baseModel}`);
    const id = `${sessionId}:train:${modelSeqId}`;
    return this.once(session.creations, modelSeqId, async () => {
      const adapter = await this.compute(() => this.model.create(config));
      session.models.set(id, { id, config, adapter, requests: new OrderedRequests(1, true) });
      return { json: { model_id: id, type: 'create_model' } };
    });
  }

  unloadModel(modelId: string): string {
    const { session, model } = this.find(modelId);
    session.models.delete(modelId);
    const unload = this.compute(() => {
      model.adapter.dispose();
      return Promise.resolve({ json: { model_id: modelId, type: 'unload_model' } });
    });
    return this.futures.begin(unload);
  }

  forwardBackward({ modelId, seqId, lossFn, forwardOnly, data, shapes }: ForwardBackwardCall): string {
    const { model } = this.find(modelId);
    if (lossFn !== 'cross_entropy') throw new TinkerHttpError(400, `loss ${lossFn} is not part of this double`);
    for (const { tokenIds } of data) this.assertFits(tokenIds.length);
    return this.once(model.requests, seqId, async () => {
      const results: Float32Array[] = [];
      let loss = 0;
      for (const datum of data) {
        const logprobs = await this.compute(() => model.adapter.differentiate(datum, !forwardOnly));
        loss -= logprobs.reduce(
          (sum, logprob, i) => sum + (datum.weights[i] === 0 ? 0 : logprob * datum.weights[i]!),
          0,
        );
        results.push(logprobs);
      }
      return { protobuf: writeForwardBackward(results, shapes, loss) };
    });
  }

  optimStep(modelId: string, seqId: number, params: AdamParams): string {
    const { model } = this.find(modelId);
    return this.once(model.requests, seqId, async () => {
      const norm = await this.compute(() => model.adapter.update(params));
      return { json: { metrics: { 'unclipped_grad_l2:mean': norm }, type: 'optim_step' } };
    });
  }

  save(modelId: string, seqId: number, kind: CheckpointKind, name: string, overwrite: boolean): string {
    const { model } = this.find(modelId);
    const path = this.checkpoints.pathOf(modelId, kind, name);
    return this.once(model.requests, seqId, async () => {
      if (!overwrite && (await this.checkpoints.has(path))) throw new RequestFailure(`${path} exists`, 'user');
      await this.compute(() =>
        this.checkpoints.save(path, model.config, (directory) => model.adapter.save(directory, kind === 'weights')),
      );
      return { json: { path, type: kind === 'weights' ? 'save_weights' : 'save_weights_for_sampler' } };
    });
  }

  load(modelId: string, seqId: number, path: string, optimizer: boolean): string {
    const { model } = this.find(modelId);
    return this.once(model.requests, seqId, async () => {
      if (!(await this.checkpoints.has(path))) throw new RequestFailure(`${path} not found`, 'user');
      const { directory, rank } = await this.checkpoints.find(path);
      if (rank !== model.config.rank) throw new RequestFailure(`${path} has rank ${rank}`, 'user');
      await this.compute(() => model.adapter.load(directory, optimizer));
      return { json: { path, model_id: modelId, type: 'load_weights' } };
    });
  }

  async createSamplingSession(sessionId: string, seqId: number, path: string | null): Promise<string> {
    const session = this.session(sessionId);
    const adapter = path === null ? null : (await this.checkpoints.find(path)).directory;
    const id = `${sessionId}:sample:${seqId}`;
    if (!session.samplers.has(id)) session.samplers.set(id, { adapter, requests: new OrderedRequests(0, false) });
    return id;
  }

  sample(samplingSessionId: string, call: SampleCall): string {
    const sampler = this.session(samplingSessionId.split(':')[0] ?? '').samplers.get(samplingSessionId);
    if (sampler === undefined) throw new TinkerHttpError(404, `sampling session ${samplingSessionId} not found`);
    this.assertFits(call.prompt.length + 1);
    return this.once(sampler.requests, call.seqId, () => this.sampled(sampler, call));
  }

  private async sampled({ adapter }: SamplingSession, call: SampleCall): Promise<Payload> {
    const { prompt, params, samples, topK, wantsPromptLogprobs } = call;
    const sequences = [];
    for (let i = 0; i < samples; i++) {
      const drawn = { ...params, seed: params.seed + i };
      sequences.push(await this.compute(() => this.model.sample(adapter, prompt, drawn)));
    }
    if (topK === 0 && !wantsPromptLogprobs) return { protobuf: writeSample(sequences, null) };
    const scored = await this.compute(() => this.model.score(adapter, prompt, topK));
    return { protobuf: writeSample(sequences, { ...scored, k: topK, wantsLogprobs: wantsPromptLogprobs }) };
  }

  private once(requests: OrderedRequests, seqId: number, work: () => Promise<Payload>): string {
    const known = requests.known(seqId);
    if (known !== null) {
      this.futures.revive(known);
      return known;
    }
    const id = this.futures.begin(requests.run(seqId, work));
    requests.remember(seqId, id);
    return id;
  }

  private compute<T>(work: () => Promise<T>): Promise<T> {
    const result = this.computing.then(work);
    this.computing = result.catch(() => undefined);
    return result;
  }

  private assertFits(length: number): void {
    const { contextLength } = this.model;
    if (length > contextLength) throw new TinkerHttpError(400, `${length} tokens exceed ${contextLength}`);
  }

  /** A session whose heartbeats stopped is ended, with all that it had. */
  private session(id: string): Session {
    const session = this.sessions.get(id);
    if (session !== undefined && Date.now() - session.lastHeartbeat > this.heartbeatLimitMs) this.endSession(id);
    const alive = this.sessions.get(id);
    if (alive === undefined) throw new TinkerHttpError(404, `session ${id} not found`);
    return alive;
  }

  private find(modelId: string): { readonly session: Session; readonly model: TrainedModel } {
    const session = this.session(modelId.split(':')[0] ?? '');
    const model = session.models.get(modelId);
    if (model === undefined) throw new TinkerHttpError(404, `model ${modelId} not found`);
    return { session, model };
  }

  private endSession(id: string): void {
    const models = [...(this.sessions.get(id)?.models.values() ?? [])];
    this.sessions.delete(id);
    void this.compute(() => {
      for (const { adapter } of models) adapter.dispose();
      return Promise.resolve();
    });
  }
}
