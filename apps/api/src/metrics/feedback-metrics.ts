import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { FEEDBACK_STATES } from '../feedback/feedback-state.js';
import type { Feedback } from '../feedback/feedback.js';
import { TIMED_PHASES } from '../feedback/phase-timings.js';

const SECONDS = [0.01, 0.05, 0.25, 1, 2, 5, 10, 30, 60, 120, 300, 600];
const NATS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];

/** What feedbacks do, in numbers: how many wait and run, how they end, how long it takes, what was learned. */
export class FeedbackMetrics {
  private readonly unfinished = new Map<string, Feedback['state']>();
  private readonly finished: Counter<'state'>;
  private readonly phaseSeconds: Histogram<'phase'>;
  private readonly gapBefore: Histogram;
  private readonly gapAfter: Histogram;

  constructor(registry: Registry) {
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
    const { unfinished } = this;
    new Gauge({
      name: 'claas_feedback_unfinished',
      help: 'Feedbacks that are not finished, by state; queued is the depth of the queue.',
      labelNames: ['state'],
      registers,
      collect() {
        const states = [...unfinished.values()];
        for (const state of FEEDBACK_STATES) this.set({ state }, states.filter((other) => other === state).length);
      },
    });
  }

  /** Takes every change of every feedback. */
  observe(feedback: Feedback): void {
    if (feedback.finishedAt === null) {
      this.unfinished.set(feedback.requestId, feedback.state);
      return;
    }
    this.unfinished.delete(feedback.requestId);
    this.finished.inc({ state: feedback.state });
    for (const phase of TIMED_PHASES) {
      if (feedback.timings[phase] > 0) this.phaseSeconds.observe({ phase }, feedback.timings[phase] / 1000);
    }
    if (feedback.result === null) return;
    this.gapBefore.observe(feedback.result.receipt.gapBefore);
    this.gapAfter.observe(feedback.result.receipt.gapAfter);
  }
}
