export type TeacherMode = 'self' | 'remote';

/** How one feedback is learned. Bounds are checked at the edge of the service (`api.md`); meanings are those of the algorithm. */
export interface TrainingSettings {
  /** 1e-6 to 1e-2. Always applies, also when optimizer state is continued. */
  readonly learningRate: number;
  /** 0: KL(T‖S); 1: KL(S‖T); between: generalised Jensen-Shannon. The loss jumps at both ends. */
  readonly alpha: number;
  /** Upper cut of the importance ratio. */
  readonly isClip: number;
  readonly maxGradNorm: number;
  readonly klRegWeight: number;
  /** Support of the divergence: null is the whole vocabulary. */
  readonly topK: number | null;
  readonly teacherMode: TeacherMode;
  /** Optimizer steps on this one feedback, 1 to 16. */
  readonly steps: number;
}

export const DEFAULT_TRAINING_SETTINGS: TrainingSettings = {
  learningRate: 1e-4,
  alpha: 0.5,
  isClip: 5,
  maxGradNorm: 1,
  klRegWeight: 0.001,
  topK: null,
  teacherMode: 'self',
  steps: 1,
};
