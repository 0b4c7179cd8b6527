import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { FEEDBACK_STATES, type FeedbackState } from '../feedback/feedback-state.js';
import type { Feedback } from '../feedback/feedback.js';
import { TIMED_PHASES } from '../feedback/phase-timings.js';

const SECONDS = [0.01, 0.05, 0.25, 1, 2, 5, 10, 30, 60, 120, 300, 600];
const NATS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];

/** What feedbacks do, in numbers: how many wait and run, how they end, how long it takes, what was learned. */
export class FeedbackMetrics {
  private readonly finished: Counter<'state'>;
  private readonly phaseSeconds: Histogram<'phase'>;
  private readonly gapBefore: Histogram;
  private readonly gapAfter: Histogram;

  /** @param countUnfinished of the whole service, whichever process accepted or works on them */
  constructor(registry: Registry, countUnfinished: () => Promise<ReadonlyMap<FeedbackState, number>>) {
    const registers = [registry];
    this.finished = new Counter({
      name: 'claas_feedback_total',
      help: 'Feedbacks that are finished, by how they ended.',
      labelNames: ['state'],
      registers,
    });
    this.phaseSeconds = new Histogram({
      name: 'claas_feedback_phase_seconds',
      help: 'Duration of each phase of a finished feedback; distill is the step itself.',
      labelNames: ['phase'],
      buckets: SECONDS,
      registers,
    });
    const gap = { buckets: NATS, registers };
    const gapHelp = 'Mean divergence from the teacher per response token, in nats';
    this.gapBefore = new Histogram({ name: 'claas_feedback_gap_before', help: `${gapHelp}, before the step.`, ...gap });
    this.gapAfter = new Histogram({ name: 'claas_feedback_gap_after', help: `${gapHelp}, after it.`, ...gap });
    new Gauge({
      name: 'claas_feedback_unfinished',
      help: 'Feedbacks that are not finished, by state; queued is the depth of the queue.',
      labelNames: ['state'],
      registers,
      async collect() {
        const counts = await countUnfinished().catch(() => null);
        // Nobody can say while the database is away.
        if (counts === null) this.reset();
        else for (const state of FEEDBACK_STATES) this.set({ state }, counts.get(state) ?? 0);
      },
    });
  }

  /** Takes every feedback that this process has finished. */
  observe(feedback: Feedback): void {
    this.finished.inc({ state: feedback.state });
    for (const phase of TIMED_PHASES) {
      if (feedback.timings[phase] > 0) this.phaseSeconds.observe({ phase }, feedback.timings[phase] / 1000);
    }
    if (feedback.result === null) return;
    this.gapBefore.observe(feedback.result.receipt.gapBefore);
    this.gapAfter.observe(feedback.result.receipt.gapAfter);
  }
}
