import { dispose, keep, pad, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D, TensorContainer } from '@tensorflow/tfjs-core';
import type { RmsNormForward } from '@claas/tensor-backend';
import { adapterKey } from '../adapter-files/adapter-tensors.js';
import type { LoraModuleName } from '../adapter-files/lora-module.js';
import { unpackGradients } from '../lora/layer-factors.js';
import type { FactorsByModule } from '../lora/layer-factors.js';
import { LoraGradients } from '../lora/lora-gradients.js';
import type { LoraAdapter } from '../lora/lora-adapter.js';
import { compiledInLayer } from './compiled-layer.js';
import type { WholeLayerPass } from './compiled-layer.js';
import {
  backwardInputFromActivations,
  backwardInputFromKept,
  decoderLayerActivations,
  decoderLayerBackward,
  decoderLayerKept,
  decoderLayerOutput,
} from './decoder-layer.js';
import type { LayerKept } from './decoder-layer.js';
import { yieldToEventLoop } from './event-loop.js';
import { finalNorm, wantedRows, wholeLayerPass } from './forward-pass.js';
import type { PassOptions, RowOptions } from './forward-pass.js';
import type { LanguageModel } from './language-model.js';
import type { RotarySlice } from './rotary-tables.js';
import { checkedRows } from './sequence-rows.js';
import type { SequenceRows } from './sequence-rows.js';
import { spare } from './spare.js';

export interface TrainingPassOptions extends RowOptions {
  /**
   * Results of products with frozen weights are kept for the way back in as many layers as this suffices for, topmost first, which saves
   * computing them again: about a quarter of a step's time. The numbers are the same either way. Default 216 MiB.
   */
  readonly activationBudgetBytes?: number;
}

const DEFAULT_ACTIVATION_BUDGET_BYTES = 216 * 2 ** 20;

/**
 * A forward pass that can be gone back. It keeps the input of each layer, (T, C), and where memory allows the results of the layer's large products;
 * else it computes those again on the way back, so that the peak is one layer's activations plus one input per layer.
 * The adapter's layers are packed for each direction anew, which takes less time than their memory is worth.
 */
export class TrainingPass {
  private readonly rotary: RotarySlice;
  /** The input of each layer; then the top layer's output. */
  private readonly boundaries: Tensor2D[] = [];
  /** By layer; null: to be computed again. */
  private readonly kept: (LayerKept | null)[] = [];
  private final: RmsNormForward | null = null;

  private constructor(
    private readonly model: LanguageModel,
    private readonly adapter: LoraAdapter,
    private readonly rows: SequenceRows,
  ) {
    this.rotary = model.rotary.at(0, rows.padded.length);
  }

  /** @throws ContextTooLongError, TokenIdsInvalidError, ComputationCancelledError */
  static async forward(
    model: LanguageModel,
    tokenIds: readonly number[],
    adapter: LoraAdapter,
    { from = 0, signal, activationBudgetBytes = DEFAULT_ACTIVATION_BUDGET_BYTES }: TrainingPassOptions = {},
  ): Promise<TrainingPass> {
    const pass = new TrainingPass(model, adapter, checkedRows(model, tokenIds, from));
    try {
      await pass.run(activationBudgetBytes, signal);
      return pass;
    } catch (error) {
      pass.dispose();
      throw error;
    }
  }

  /** After the final norm, rows from … T − 1 — (T − from, C). The pass's own. */
  get hidden(): Tensor2D {
    return this.final!.y;
  }

  /**
   * Gradients of the adapter's weights. Can be asked once; the pass is disposed of whatever happens.
   * @param dHidden (T − from, C), the gradient with respect to `hidden`; stays the caller's
   * @throws ComputationCancelledError
   */
  async backward(dHidden: Tensor2D, { signal }: PassOptions = {}): Promise<LoraGradients> {
    const gradients = new Map<string, Tensor2D>();
    let dy: Tensor2D | null = this.finalNormBackward(dHidden);
    try {
      for (let i = this.model.layers.length - 1; i >= 0; i--) {
        await yieldToEventLoop(signal);
        dispose(this.boundaries.pop());
        const { dx, tensors } = this.layerBackward(i, dy!);
        disposeKept(this.kept.pop());
        dy?.dispose();
        dy = dx;
        for (const [key, tensor] of Object.entries(tensors)) gradients.set(key, tensor);
      }
      return new LoraGradients(gradients);
    } catch (error) {
      dispose([...gradients.values()]);
      throw error;
    } finally {
      dy?.dispose();
      this.dispose();
    }
  }

  /** Gives everything back, `hidden` too; again is fine. */
  dispose(): void {
    dispose([...this.boundaries, this.rotary.cos, this.rotary.sin]);
    if (this.final) dispose([this.final.y, this.final.inverseRms]);
    this.boundaries.length = 0;
    for (const kept of this.kept.splice(0)) disposeKept(kept);
  }

  private async run(activationBudgetBytes: number, signal: AbortSignal | undefined): Promise<void> {
    const { model, boundaries, rows } = this;
    boundaries.push(model.embed(rows.padded));
    let firstKept = 0;
    for (let i = 0; i < model.layers.length; i++) {
      await yieldToEventLoop(signal);
      const { y, kept } = this.layerForward(i, i >= firstKept);
      boundaries.push(y);
      this.kept.push(kept);
      if (i > 0 || kept === null) continue;
      const affordable = Math.floor(activationBudgetBytes / keptBytes(kept, model));
      firstKept = model.layers.length - affordable;
      if (firstKept <= 0) continue;
      disposeKept(kept);
      this.kept[0] = null;
    }
    this.final = tidy(() => {
      const { y, inverseRms } = finalNorm(model, boundaries.at(-1)!, rows);
      return { y: keep(y), inverseRms: keep(inverseRms) };
    });
  }

  private layerForward(index: number, isKept: boolean): { y: Tensor2D; kept: LayerKept | null } {
    const pass = this.layerPass(index);
    const inputs = { x: this.boundaries[index]!, isKept };
    return spare(() =>
      compiledInLayer('forward to go back', pass, inputs, (given, within) => {
        const activations = decoderLayerActivations(given.x, within);
        const y = decoderLayerOutput(activations, within);
        return { y, kept: given.isKept ? decoderLayerKept(activations, within) : null };
      }),
    );
  }

  /** dy of the top layer's output: zero in the rows that nobody asked for. */
  private finalNormBackward(dHidden: Tensor2D): Tensor2D {
    const { model, rows } = this;
    return tidy(() => {
      const top = this.boundaries.at(-1)!;
      // hidden = rmsNorm(wantedRows(top))
      const d = model.backend.rmsNormBackward(dHidden, wantedRows(top, rows), model.finalNorm, this.final!.inverseRms);
      const before = rows.from - rows.topFrom;
      return pad(d, [
        [before, top.shape[0] - before - rows.count],
        [0, 0],
      ]);
    });
  }

  private layerBackward(index: number, dy: Tensor2D): { dx: Tensor2D | null; tensors: Record<string, Tensor2D> } {
    const pass = this.layerPass(index);
    const inputs = { dy, x: this.boundaries[index]!, kept: this.kept[index] ?? null, isDxWanted: index > 0 };
    return spare(() => {
      const { dx, factors } = compiledInLayer('backward', pass, inputs, (given, within, factors) => {
        const { x, kept } = given;
        const input = kept
          ? backwardInputFromKept(x, kept, within)
          : backwardInputFromActivations(decoderLayerActivations(x, within), within);
        const { dx, lora } = decoderLayerBackward(given.dy, x, input, within, given.isDxWanted);
        return { dx, factors: unpackGradients(within.backend, within.layer, lora, factors!) };
      });
      return { dx, tensors: byKey(index, factors) };
    });
  }

  private layerPass(index: number): WholeLayerPass {
    return wholeLayerPass(this.model, index, this.adapter, this.rotary, this.rows.topFrom);
  }
}

/** The tensors of one layer by PEFT key. */
function byKey(layer: number, factors: FactorsByModule): Record<string, Tensor2D> {
  const pairs = Object.entries(factors).flatMap(([module, { a, b }]) => [
    [adapterKey(layer, module as LoraModuleName, 'A'), a],
    [adapterKey(layer, module as LoraModuleName, 'B'), b],
  ]);
  return Object.fromEntries(pairs) as Record<string, Tensor2D>;
}

function disposeKept(kept: LayerKept | null | undefined): void {
  if (kept) dispose(kept as unknown as TensorContainer);
}

/** All of it but `h` is compressed. */
function keptBytes({ attention, mlp }: LayerKept, { backend }: LanguageModel): number {
  const { h, saved, ...products } = { ...attention, ...mlp };
  const compressed = [...Object.values(products), ...(saved ?? [])];
  const numbers = compressed.map((matrix) => (matrix === null ? 0 : matrix.shape[0] * matrix.shape[1]));
  const bytesPerNumber = backend.description.frozenFormat === 'F32' ? 4 : 2;
  return 4 * h.size + bytesPerNumber * numbers.reduce((sum, one) => sum + one, 0);
}
