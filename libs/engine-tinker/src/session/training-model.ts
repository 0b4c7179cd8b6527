import type { LoraModule } from '@claas/contracts';
import { ClaasError, LORA_MODULES } from '@claas/contracts';
import type { Accepted, Submission, TinkerClient } from '../client/tinker-client.js';
import { TinkerLostError, TinkerRefusalError } from '../client/tinker-errors.js';
import { jsonOf, textOf } from '../client/tinker-http.js';
import type { HttpReply } from '../client/tinker-http.js';
import { decodeLogprobs, encodeForwardBackward } from '../wire/forward-backward.js';
import { datumBytes, shapeOf } from '../wire/datum.js';
import type { TargetRows } from '../wire/datum.js';
import type { ServiceSession } from './service-session.js';

/** The service's limits of one request. */
export const MAX_CHUNK_DATUMS = 1024;
export const MAX_CHUNK_BYTES = 5_000_000;

export interface AdamParams {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly gradClipNorm: number;
}

export interface NewModel {
  readonly rank: number;
  readonly seed: number | null;
  readonly targetModules: readonly LoraModule[];
}

/** Of the metrics that services tell of an update, those that are the gradient's norm before clipping. */
const GRADIENT_NORMS = ['unclipped_grad_l2:mean', 'skyrl.ai/grad_norm'] as const;
const ATTENTION: readonly LoraModule[] = ['q_proj', 'k_proj', 'v_proj', 'o_proj'];
const MLP: readonly LoraModule[] = ['gate_proj', 'up_proj', 'down_proj'];
const UNLOAD_LIMIT_MS = 30_000;

/**
 * A model in training at the service. Requests carry numbers and are done in their order, each once however often it is sent;
 * so they are sent one after the other, and their results are waited for afterwards.
 */
export class TrainingModel {
  private nextSeqId = 1;

  private constructor(
    private readonly client: TinkerClient,
    private readonly session: ServiceSession,
    private readonly sessionId: string,
    readonly id: string,
  ) {}

  /** A fresh adapter: B is zero, so that it is the base model until it is updated. */
  static async create(
    client: TinkerClient,
    session: ServiceSession,
    model: NewModel,
    signal?: AbortSignal,
  ): Promise<TrainingModel> {
    try {
      return await TrainingModel.createOnce(client, session, model, signal);
    } catch (error) {
      // The session had ended while nobody used it, and is forgotten now.
      if (error instanceof TinkerLostError) return TrainingModel.createOnce(client, session, model, signal);
      throw error;
    }
  }

  private static async createOnce(
    client: TinkerClient,
    session: ServiceSession,
    { rank, seed, targetModules }: NewModel,
    signal?: AbortSignal,
  ): Promise<TrainingModel> {
    const groups = moduleGroups(targetModules);
    const { sessionId, seqId } = await session.modelSlot(signal);
    const request = {
      session_id: sessionId,
      model_seq_id: seqId,
      base_model: client.settings.baseModel,
      lora_config: { rank, ...(seed !== null && { seed }), train_unembed: false, ...groups },
      type: 'create_model',
    };
    const call = { name: 'create_model', path: '/create_model', json: request };
    const submission = { type: 'CreateModel', call, signal };
    try {
      const id = textOf('create_model', await client.run(submission), 'model_id');
      return new TrainingModel(client, session, sessionId, id);
    } catch (error) {
      if (error instanceof TinkerLostError) session.forget(sessionId);
      // It may come into being although nobody waits for it any more.
      else if (!(error instanceof TinkerRefusalError)) session.background.run(unloadCreated(client, submission));
      throw error;
    }
  }

  /** Log-probs of each sequence's targets; with `backward`, gradients add up until the next update. */
  async forwardBackward(
    data: readonly TargetRows[],
    { backward, signal }: { readonly backward: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<Float32Array[]> {
    const chunks = chunked(data);
    const accepted: Accepted[] = [];
    for (const chunk of chunks) {
      const request = { modelId: this.id, seqId: this.nextSeqId++, forwardOnly: !backward };
      const call = {
        name: 'forward_backward',
        path: '/forward_backward',
        protobuf: encodeForwardBackward(request, chunk, MAX_CHUNK_BYTES),
      };
      const type = backward ? 'ForwardBackward' : 'Forward';
      accepted.push(await this.guard(() => this.client.submit({ type, call, signal })));
    }
    const results: Float32Array[] = [];
    for (const [i, one] of accepted.entries()) {
      const { bytes } = await this.guard(() => this.client.result(one));
      results.push(...decodeLogprobs(bytes, chunks[i]!));
    }
    return results;
  }

  /** One AdamW update; the gradient's norm before clipping, null where the service doesn't tell it. */
  async optimStep(params: AdamParams, signal?: AbortSignal): Promise<number | null> {
    const reply = await this.run('optim_step', 'OptimStep', signal, {
      adam_params: {
        learning_rate: params.learningRate,
        beta1: params.beta1,
        beta2: params.beta2,
        eps: params.epsilon,
        weight_decay: params.weightDecay,
        grad_clip_norm: params.gradClipNorm,
      },
    });
    const { metrics } = jsonOf<{ metrics?: Readonly<Record<string, unknown>> | null }>('optim_step', reply);
    const told = GRADIENT_NORMS.map((name) => metrics?.[name]).find((norm) => typeof norm === 'number');
    return told ?? null;
  }

  /** Weights and optimizer state, to go on from; its path. */
  async saveWeights(name: string, signal?: AbortSignal): Promise<string> {
    const options = { path: name, overwrite: true };
    return textOf('save_weights', await this.run('save_weights', 'SaveWeights', signal, options), 'path');
  }

  /** Weights to be sampled from; their path. */
  async saveForSampler(name: string, signal?: AbortSignal): Promise<string> {
    const call = 'save_weights_for_sampler';
    return textOf(call, await this.run(call, 'SaveWeightsForSampler', signal, { path: name }), 'path');
  }

  /** Takes a checkpoint's weights and its optimizer state. */
  async loadWeights(path: string, signal?: AbortSignal): Promise<void> {
    await this.run('load_weights', 'LoadWeights', signal, { path, optimizer: true });
  }

  /** Gives the service's memory back; what fails here ends with the session. */
  async unload(): Promise<void> {
    const call = { name: 'unload_model', path: '/unload_model', json: { model_id: this.id, type: 'unload_model' } };
    const signal = AbortSignal.timeout(UNLOAD_LIMIT_MS);
    await this.client.run({ type: 'UnloadModel', call, signal }).catch(() => undefined);
  }

  private async run(name: string, type: string, signal: AbortSignal | undefined, options: object): Promise<HttpReply> {
    const json = { model_id: this.id, seq_id: this.nextSeqId++, ...options, type: name };
    const submission = { type, call: { name, path: `/${name}`, json }, signal };
    return this.guard(() => this.client.run(submission));
  }

  private async guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TinkerLostError) this.session.forget(this.sessionId);
      throw error;
    }
  }
}

/** @throws ClaasError `target_module_unknown`: the service knows attention and MLP as wholes */
export function moduleGroups(targetModules: readonly LoraModule[]): { train_attn: boolean; train_mlp: boolean } {
  const has = (module: LoraModule): boolean => targetModules.includes(module);
  const groups = { train_attn: ATTENTION.every(has), train_mlp: MLP.every(has) };
  const trained = [...(groups.train_attn ? ATTENTION : []), ...(groups.train_mlp ? MLP : [])];
  if (trained.length > 0 && LORA_MODULES.every((module) => has(module) === trained.includes(module))) return groups;
  throw new ClaasError(
    'target_module_unknown',
    `A Tinker service trains ${ATTENTION.join(', ')} together, and ${MLP.join(', ')} together; not only ${targetModules.join(', ')}. Send both groups or one of them as target_modules, or leave it out.`,
    { target_modules: targetModules, groups: [ATTENTION, MLP] },
  );
}

/** In order, as many at once as one request may carry. */
export function chunked(data: readonly TargetRows[]): TargetRows[][] {
  const chunks: TargetRows[][] = [];
  let bytes = 0;
  for (const rows of data) {
    const size = datumBytes(shapeOf(rows), MAX_CHUNK_BYTES);
    const last = chunks.at(-1);
    if (last === undefined || last.length === MAX_CHUNK_DATUMS || bytes + size > MAX_CHUNK_BYTES) {
      chunks.push([rows]);
      bytes = size;
    } else {
      last.push(rows);
      bytes += size;
    }
  }
  return chunks;
}

/** Sent again, the submission is the same one to the service: so its model is known, and can be given up. */
async function unloadCreated(client: TinkerClient, submission: Submission): Promise<void> {
  const signal = AbortSignal.timeout(UNLOAD_LIMIT_MS);
  const reply = await client.run({ ...submission, signal });
  const model_id = textOf('create_model', reply, 'model_id');
  const call = { name: 'unload_model', path: '/unload_model', json: { model_id, type: 'unload_model' } };
  await client.run({ type: 'UnloadModel', call, signal });
}
