/**
 * Over what a divergence is summed. `full` is the whole vocabulary; the others are the k likeliest tokens of one side
 * (at most the vocabulary) and one bucket for the mass of all the rest.
 */
export type DivergenceSupport =
  { readonly kind: 'full' } | { readonly kind: 'student_topk' | 'teacher_topk'; readonly k: number };

/** How two next-token distributions, student S and teacher T, are compared. */
export interface DivergenceSettings {
  /**
   * 0: KL(T‖S). 1: KL(S‖T). Between, with M = (1−α)S + αT: (1−α)·KL(S‖M) + α·KL(T‖M).
   * The interior formula goes to zero at both ends, where the special cases take over: the loss jumps there.
   */
  readonly alpha: number;
  /** That of sampling; divides the logits of student, teacher and base alike. Above 0. */
  readonly temperature: number;
  readonly support: DivergenceSupport;
}

export interface SdpoSettings extends DivergenceSettings {
  /** Upper cut of the importance ratio. */
  readonly isClip: number;
  /** Weight of KL(S‖B), student to base. */
  readonly klRegWeight: number;
  /**
   * With the full vocabulary as support, one of up to this size is computed one number at a time in float64, a larger one by tensors in
   * float32; the numbers differ in what float32 rounds. 8192 when absent; 0: always by tensors.
   */
  readonly largestFloat64Vocabulary?: number;
}
