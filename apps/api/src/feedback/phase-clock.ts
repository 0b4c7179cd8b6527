import { NO_TIMINGS, type FeedbackPhase, type PhaseTimings, type TimedPhase } from './phase-timings.js';

/** Knows the phase that a feedback is in and how long each one took. Durations of a feedback that a restart continues add up. */
export class PhaseClock {
  private current: FeedbackPhase = 'queue';
  private timings: PhaseTimings;

  constructor(
    timings: PhaseTimings = NO_TIMINGS,
    private readonly acceptedAt = new Date(),
  ) {
    this.timings = timings;
  }

  get phase(): FeedbackPhase {
    return this.current;
  }

  get milliseconds(): PhaseTimings {
    return { ...this.timings, total: Date.now() - this.acceptedAt.getTime() };
  }

  /** The wait is over: everything since acceptance was `queue`. */
  endQueue(): void {
    this.timings = { ...this.timings, queue: Date.now() - this.acceptedAt.getTime() };
  }

  async measure<Result>(phase: TimedPhase, work: () => Promise<Result>): Promise<Result> {
    this.current = phase;
    const begin = performance.now();
    try {
      return await work();
    } finally {
      const elapsed = Math.round(performance.now() - begin);
      this.timings = { ...this.timings, [phase]: this.timings[phase] + elapsed };
    }
  }
}
