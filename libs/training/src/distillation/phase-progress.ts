import type { DistillationPhase, DistillationProgress } from '@claas/contracts';

/** About how long each phase takes, in forward passes. */
const COST: Readonly<Record<DistillationPhase, number>> = {
  loading: 0.2,
  teacher: 1.5,
  forward: 1,
  backward: 2,
  update: 0.2,
  measuring: 1,
  saving: 0.2,
};

/** Tells how far a task is, from the phase that begins: each is told of once, in the order of the work. */
export class PhaseProgress {
  readonly #plan: readonly DistillationPhase[];
  readonly #total: number;
  #next = 0;

  constructor(
    steps: number,
    private readonly onProgress: ((progress: DistillationProgress) => void) | undefined,
  ) {
    const ofOneStep: DistillationPhase[] = ['forward', 'backward', 'update'];
    this.#plan = [
      'loading',
      'teacher',
      ...Array.from({ length: steps }, () => ofOneStep).flat(),
      'measuring',
      'saving',
    ];
    this.#total = cost(this.#plan);
  }

  /** The next phase of the plan with this name begins. */
  enter(phase: DistillationPhase): void {
    const index = this.#plan.indexOf(phase, this.#next);
    if (index < 0) throw new RangeError(`Phase ${phase} does not come again.`);
    this.#next = index + 1;
    this.onProgress?.({ phase, fraction: cost(this.#plan.slice(0, index)) / this.#total });
  }

  finish(): void {
    this.onProgress?.({ phase: 'saving', fraction: 1 });
  }
}

function cost(phases: readonly DistillationPhase[]): number {
  return phases.reduce((sum, phase) => sum + COST[phase], 0);
}
