import { add } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LoraGradients } from '@claas/core-model';

/** Gradients of every LoRA tensor, by PEFT key, summed over samples. */
export class GradientSum {
  readonly tensors = new Map<string, Tensor2D>();

  /** Takes a sample's gradients over. */
  add(gradients: LoraGradients): void {
    for (const [key, gradient] of gradients.tensors) {
      const sum = this.tensors.get(key);
      if (sum === undefined) {
        this.tensors.set(key, gradient);
        continue;
      }
      this.tensors.set(key, add(sum, gradient));
      sum.dispose();
      gradient.dispose();
    }
  }

  dispose(): void {
    for (const tensor of this.tensors.values()) tensor.dispose();
    this.tensors.clear();
  }
}
