import type { TeacherMode } from './training-settings.js';

/** Numbers of the last optimizer step of a feedback, before its update; names as on the wire of the Python service, in camel case. */
export interface StepMetrics {
  readonly totalLoss: number;
  readonly distillLoss: number;
  readonly klReg: number;
  readonly meanIsRatio: number;
  readonly clipFraction: number;
  /** Before clipping; null where a remote engine doesn't tell. */
  readonly gradNorm: number | null;
  /** Response tokens. */
  readonly tokensProcessed: number;
  readonly teacherMode: TeacherMode;
  readonly steps: number;
}
