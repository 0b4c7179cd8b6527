import { slice, tidy, topk } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type {
  LoraConfig,
  SampledTokens,
  SamplingParams,
  ScoredPrompt,
  TinkerModel,
  TrainableAdapter,
} from '@claas/contracts/testing/tinker';
import { generate, hiddenStates, LanguageModel, LoraAdapter } from '@claas/core-model';
import type { LoraModuleName } from '@claas/core-model';
import type { TensorBackend } from '@claas/tensor-backend';
import { AdapterCache } from './adapter-cache.js';
import { ClayAdapter } from './clay-adapter.js';

const ATTENTION: readonly LoraModuleName[] = ['q_proj', 'k_proj', 'v_proj', 'o_proj'];
const MLP: readonly LoraModuleName[] = ['gate_proj', 'up_proj', 'down_proj'];
/** As the public service has it; a client can't choose. */
export const SERVICE_LORA_ALPHA = 32;
/** What a row has where there is no token. */
const NO_LOGPROB = -99999;
const ROWS_PER_CHUNK = 64;

/** A small model as a Tinker service's: trained, sampled and scored in this process. */
export class ClayModel implements TinkerModel {
  readonly loraAlpha = SERVICE_LORA_ALPHA;
  private readonly adapters: AdapterCache;

  private constructor(
    readonly name: string,
    private readonly model: LanguageModel,
  ) {
    this.adapters = new AdapterCache(model);
  }

  static async load(directory: string, name: string, backend: TensorBackend): Promise<ClayModel> {
    return new ClayModel(name, await LanguageModel.load(directory, backend));
  }

  get contextLength(): number {
    return this.model.contextLength;
  }

  async create({ rank, seed, trainAttention, trainMlp }: LoraConfig): Promise<TrainableAdapter> {
    const targetModules = [...(trainAttention ? ATTENTION : []), ...(trainMlp ? MLP : [])];
    const shape = { rank, loraAlpha: SERVICE_LORA_ALPHA, targetModules, seed: seed ?? 0 };
    const adapter = LoraAdapter.initialise(this.model.config, shape);
    const files = await adapter.toFiles(this.name);
    adapter.dispose();
    return ClayAdapter.fromFiles(this.model, this.name, files);
  }

  async sample(directory: string | null, prompt: readonly number[], params: SamplingParams): Promise<SampledTokens> {
    const adapter = directory === null ? null : await this.adapters.get(directory);
    const { tokens, finishReason } = await generate(this.model, adapter, prompt, { ...params, topLogprobs: 0 });
    return {
      tokenIds: tokens.map(({ tokenId }) => tokenId),
      logprobs: tokens.map(({ logprob }) => logprob),
      stopReason: finishReason,
    };
  }

  async score(directory: string | null, prompt: readonly number[], topK: number): Promise<ScoredPrompt> {
    const adapter = directory === null ? null : await this.adapters.get(directory);
    const T = prompt.length;
    const logprobs = new Float32Array(T).fill(Number.NaN);
    const topIds = new Int32Array(T * topK);
    const topLogprobs = new Float32Array(T * topK).fill(NO_LOGPROB);
    const hidden = await hiddenStates(this.model, prompt, adapter);
    try {
      // Row t is about token t + 1; the last one's is not asked for.
      for (let from = 0; from < T - 1; from += ROWS_PER_CHUNK) {
        const count = Math.min(ROWS_PER_CHUNK, T - 1 - from);
        tidy(() => {
          const rows = this.rows(hidden, from, count);
          const V = rows.shape[1];
          const values = rows.dataSync<'float32'>();
          for (let r = 0; r < count; r++) logprobs[from + r + 1] = values[r * V + prompt[from + r + 1]!]!;
          if (topK === 0) return;
          const best = topk(rows, Math.min(topK, V));
          const k = best.values.shape[1];
          const [ids, top] = [best.indices.dataSync<'int32'>(), best.values.dataSync<'float32'>()];
          for (let r = 0; r < count; r++) {
            topIds.set(ids.subarray(r * k, (r + 1) * k), (from + r + 1) * topK);
            topLogprobs.set(top.subarray(r * k, (r + 1) * k), (from + r + 1) * topK);
          }
        });
      }
    } finally {
      hidden.dispose();
    }
    return { logprobs, topIds, topLogprobs };
  }

  private rows(hidden: Tensor2D, from: number, count: number): Tensor2D {
    return this.model.backend.logSoftmax(this.model.headProduct(slice(hidden, [from, 0], [count, hidden.shape[1]])));
  }
}
