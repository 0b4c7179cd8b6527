import { dispose } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/** The gradient of every LoRA tensor, by its PEFT key; the holder disposes of it. */
export class LoraGradients {
  readonly tensors: ReadonlyMap<string, Tensor2D>;

  constructor(tensors: ReadonlyMap<string, Tensor2D>) {
    this.tensors = tensors;
  }

  dispose(): void {
    dispose([...this.tensors.values()]);
  }
}
