import type { ModelShape } from '../shape/model-shape.js';
import type { StepShape } from '../shape/step-shape.js';

/**
 * Floating-point operations of matrix products, two for each multiply-add, counted from shapes. Everything else (norms, softmax, sums)
 * is left out, as is usual: it is some per cent of the operations, though more of the time.
 * Only what the step needs is counted: what a program computes a second time to save memory is `recomputation`.
 */
export interface StepFlops {
  /** One pass of the model without LoRA over the teacher's tokens. */
  readonly teacher: number;
  /** One pass with LoRA over the student's tokens. */
  readonly forward: number;
  /** Logits of student and teacher at response positions, and the gradient of the student's hidden states. */
  readonly head: number;
  /** Gradients of hidden states through all layers, and of all LoRA weights. */
  readonly backward: number;
  /** The sum. */
  readonly needed: number;
  /** The layers of the forward pass once more, as gradient checkpointing does. */
  readonly recomputation: number;
  /** Of `needed`, what attention between positions takes: grows with the square of the length. */
  readonly attention: number;
}

/** For a student of prompt + response − 1 positions: the last response token predicts nothing. */
export function stepFlops(model: ModelShape, step: StepShape): StepFlops {
  const student = step.promptTokens + step.responseTokens - 1;
  const teacherTokens = student + step.feedbackTokens;
  const frozen = frozenLayerFlops(model);
  const lora = loraLayerFlops(model, step.rank);
  const L = model.layers;

  const teacher = L * (teacherTokens * frozen + attentionFlops(model, teacherTokens));
  const forward = L * (student * (frozen + lora) + attentionFlops(model, student));
  // Frozen weights have a gradient of the input only, LoRA's of input and weight, attention's of both factors of both products.
  const backward = L * (student * (frozen + 2 * lora) + 2 * attentionFlops(model, student));
  const head = 3 * 2 * step.responseTokens * model.hiddenSize * model.vocabularySize;
  const attention = L * (attentionFlops(model, teacherTokens) + 3 * attentionFlops(model, student));
  return {
    teacher,
    forward,
    head,
    backward,
    needed: teacher + forward + head + backward,
    recomputation: forward,
    attention,
  };
}

/** (inputs, outputs) of the seven linear modules of a layer. */
function linearModules(model: ModelShape): readonly (readonly [inputs: number, outputs: number])[] {
  const { hiddenSize: C, intermediateSize: I, attentionHeads: H, keyValueHeads: G, headDim: D } = model;
  return [
    [C, H * D],
    [C, G * D],
    [C, G * D],
    [H * D, C],
    [C, I],
    [C, I],
    [I, C],
  ];
}

/** Of one position through a layer's frozen weights. */
function frozenLayerFlops(model: ModelShape): number {
  return linearModules(model).reduce((sum, [inputs, outputs]) => sum + 2 * inputs * outputs, 0);
}

/** Of one position through a layer's LoRA weights. */
function loraLayerFlops(model: ModelShape, rank: number): number {
  return linearModules(model).reduce((sum, [inputs, outputs]) => sum + 2 * rank * (inputs + outputs), 0);
}

/** Scores and weighted values of one layer under a causal mask: position t sees t + 1 keys. */
function attentionFlops({ attentionHeads: H, headDim: D }: ModelShape, positions: number): number {
  return 2 * 2 * H * D * ((positions * (positions + 1)) / 2);
}
