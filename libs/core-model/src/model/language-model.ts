import { dispose } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { FrozenMatrix, Matrix, TensorBackend } from '@claas/tensor-backend';
import { readModelConfig } from '../config/model-config.js';
import type { ModelConfig } from '../config/model-config.js';
import { WeightFiles } from '../safetensors/weight-files.js';
import { ContextTooLongError, TokenIdsInvalidError } from './computation-errors.js';
import type { DecoderLayer } from './layer-pass.js';
import { disposeDecoderLayer, loadDecoderLayer } from './load-decoder-layer.js';
import { RotaryTables } from './rotary-tables.js';
import { WeightLoader } from './weight-loader.js';

export interface LoadOptions {
  /** Bytes of weights read so far, of all that the model has. */
  readonly onProgress?: (progress: { readonly loadedBytes: number; readonly totalBytes: number }) => void;
  readonly signal?: AbortSignal;
}

interface LanguageModelParts {
  readonly embedding: FrozenMatrix;
  /** The same object as `embedding` where they are tied. */
  readonly head: FrozenMatrix;
  readonly layers: readonly DecoderLayer[];
  readonly finalNorm: Tensor1D;
  readonly parameters: number;
}

/** A frozen decoder-only transformer (Qwen3, Qwen2, Llama). Nothing here ever changes a weight. */
export class LanguageModel {
  readonly layers: readonly DecoderLayer[];
  readonly finalNorm: Tensor1D;
  /** Numbers in the weight files that the model uses. */
  readonly parameters: number;
  readonly rotary: RotaryTables;
  private readonly embedding: FrozenMatrix;
  private readonly head: FrozenMatrix;

  private constructor(
    readonly config: ModelConfig,
    readonly backend: TensorBackend,
    parts: LanguageModelParts,
  ) {
    this.layers = parts.layers;
    this.finalNorm = parts.finalNorm;
    this.parameters = parts.parameters;
    this.embedding = parts.embedding;
    this.head = parts.head;
    this.rotary = new RotaryTables(config.headDim, config.rope);
  }

  /**
   * Reads config and weights of a model directory.
   * @throws ModelDirectoryError; ComputationCancelledError after which nothing is left
   */
  static async load(
    directory: string,
    backend: TensorBackend,
    { onProgress, signal }: LoadOptions = {},
  ): Promise<LanguageModel> {
    const config = await readModelConfig(directory);
    const report = (loadedBytes: number, totalBytes: number) => onProgress?.({ loadedBytes, totalBytes });
    const files = await WeightFiles.open(directory, { onProgress: report });
    const loader = new WeightLoader(files, backend, signal);
    try {
      const { vocabularySize: V, hiddenSize: C } = config;
      const embedding = await loader.matrix([{ name: 'model.embed_tokens.weight', shape: [V, C] }]);
      const layers: DecoderLayer[] = [];
      for (let i = 0; i < config.layers; i++) layers.push(await loadDecoderLayer(loader, config, i));
      const finalNorm = await loader.vector(['model.norm.weight'], [C]);
      const head = config.tiedEmbeddings ? embedding : await loader.matrix([{ name: 'lm_head.weight', shape: [V, C] }]);
      return new LanguageModel(config, backend, { embedding, head, layers, finalNorm, parameters: loader.parameters });
    } catch (error) {
      loader.disposeAll();
      throw error;
    } finally {
      await files.close();
    }
  }

  /** Longest sequence, prompt and response together. */
  get contextLength(): number {
    return this.config.maxPositions;
  }

  /** @throws ContextTooLongError */
  assertFits(promptTokens: number, responseTokens: number): void {
    if (promptTokens + responseTokens > this.contextLength) {
      throw new ContextTooLongError(promptTokens, responseTokens, this.contextLength);
    }
  }

  /** @throws TokenIdsInvalidError when there are none, or one is not of the vocabulary */
  assertTokenIds(tokenIds: readonly number[]): void {
    if (tokenIds.length === 0) throw new TokenIdsInvalidError('There are no token ids; send at least one.');
    const V = this.config.vocabularySize;
    const unknown = tokenIds.find((id) => !Number.isInteger(id) || id < 0 || id >= V);
    if (unknown === undefined) return;
    throw new TokenIdsInvalidError(`Token id ${unknown} is not of this model's vocabulary: 0 to ${V - 1}.`, {
      token_id: unknown,
      vocabulary_size: V,
    });
  }

  /** Embeddings of token ids — (T, C) */
  embed(tokenIds: Int32Array): Tensor2D {
    return this.backend.frozenRows(this.embedding, tokenIds);
  }

  /** Logits — final-normed hidden (N, C) → (N, V) */
  headProduct<M extends Matrix>(hidden: M): M {
    return this.backend.frozenProduct(hidden, this.head);
  }

  /** dhidden of `headProduct` — dLogits (N, V) → (N, C) */
  headBackward<M extends Matrix>(dLogits: M): M {
    return this.backend.frozenProductBackward(dLogits, this.head);
  }

  dispose(): void {
    this.embedding.dispose();
    if (this.head !== this.embedding) this.head.dispose();
    for (const layer of this.layers) disposeDecoderLayer(layer);
    dispose(this.finalNorm);
  }
}
