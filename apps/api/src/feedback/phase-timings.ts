/** The phases of a feedback whose duration is reported. */
export const TIMED_PHASES = ['queue', 'drain', 'sleep', 'distill', 'save', 'wake', 'publish', 'verify'] as const;
export type TimedPhase = (typeof TIMED_PHASES)[number];

/** Where something can go wrong; `validate` comes before acceptance. */
export type FeedbackPhase = 'validate' | TimedPhase;

/** Whole milliseconds; a phase that did not run took 0. `total` counts from acceptance. */
export type PhaseTimings = Readonly<Record<TimedPhase | 'total', number>>;

export const NO_TIMINGS: PhaseTimings = {
  queue: 0,
  drain: 0,
  sleep: 0,
  distill: 0,
  save: 0,
  wake: 0,
  publish: 0,
  verify: 0,
  total: 0,
};
