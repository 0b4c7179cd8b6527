import type { ClaasError } from '@claas/contracts';
import type { TrainerExit } from './trainer-errors.js';

/** What a trainer says, as bytes: events on its stdout, logs on its stderr. */
export interface TrainerStreams {
  readonly onOutput: (chunk: Uint8Array) => void;
  readonly onLog: (chunk: Uint8Array) => void;
}

/**
 * How a trainer ended: by itself, or never started (an Error). A ClaasError is what its callers are told as it stands,
 * where whoever opened the link knows better than the exit code.
 */
export type TrainerEnd = TrainerExit | Error | ClaasError;

/** One trainer from birth to death, wherever it runs, as a pair of streams. */
export interface TrainerLink {
  /** Null while it isn't known. */
  readonly processId: number | null;
  /** Resolves when the trainer can be spoken to; pends for ever when it never can. Silence before that isn't held against it. */
  readonly opened: Promise<void>;
  /** Resolves when it is gone and everything that it said has been handed on. */
  readonly ended: Promise<TrainerEnd>;
  /** Never throws; what is written to a dead trainer is lost, and its end is told by `ended`. */
  write(text: string): void;
  /** Ends it at once. */
  kill(): void;
}

/** Starts a trainer and hands what it says to `streams`. */
export type OpenTrainerLink = (streams: TrainerStreams) => TrainerLink;
