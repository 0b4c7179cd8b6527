import { SingleBar } from 'cli-progress';
import type { FeedbackEvent, FeedbackState } from '../client/service-types.js';
import type { Output } from './output.js';

/** How far a feedback is when it enters a state; the step itself moves between the second and the third. */
const SHARES: Readonly<Record<FeedbackState, number>> = {
  queued: 0,
  training: 0.05,
  committed: 0.9,
  published: 0.95,
  verified: 1,
  failed: 1,
  rolled_back: 1,
};

const LABELS: Readonly<Record<string, string>> = {
  queued: 'waiting its turn',
  training: 'learning',
  loading: 'loading',
  teacher: 'asking the teacher',
  forward: 'learning',
  backward: 'learning',
  update: 'learning',
  measuring: 'measuring',
  saving: 'saving',
  committed: 'serving',
  published: 'verifying',
  verified: 'verified',
};

/** A bar on a terminal; elsewhere one line for each new state; nothing with `--json`. */
export class ProgressDisplay {
  private readonly bar: SingleBar | null;
  private state: FeedbackState | null = null;
  private share = 0;

  constructor(private readonly output: Output) {
    const columns = output.noteStream.columns ?? 80;
    this.bar = output.hasLiveNotes
      ? new SingleBar({
          stream: output.noteStream,
          format: columns < 50 ? '{bar} {percentage} %' : '{bar} {percentage} %  {label}',
          barsize: Math.max(5, Math.min(30, columns - 30)),
          barCompleteChar: '█',
          barIncompleteChar: '░',
          hideCursor: true,
          clearOnComplete: true,
          linewrap: null,
          gracefulExit: false,
        })
      : null;
    this.bar?.start(100, 0, { label: '' });
  }

  show(event: FeedbackEvent): void {
    if (event.kind === 'progress') {
      this.moveTo(SHARES.training + event.fraction * (SHARES.committed - SHARES.training), event.phase);
      return;
    }
    const { status } = event.record;
    if (status === this.state) return;
    this.state = status;
    this.moveTo(SHARES[status], status);
    if (this.bar === null) this.output.note(`feedback ${event.record.request_id}: ${status.replace('_', ' ')}`);
  }

  /** Leaves nothing behind on a terminal. */
  end(): void {
    this.bar?.stop();
  }

  /** Never backwards: phases come again with each step. */
  private moveTo(share: number, label: string): void {
    this.share = Math.max(this.share, share);
    this.bar?.update(Math.round(100 * this.share), { label: LABELS[label] ?? label });
  }
}
