import type { DistillationPhase } from '@claas/contracts';

/** What one process tells the others. Small: what it is about lies in the database. */
export type Notice =
  /** A feedback was accepted. */
  | { readonly topic: 'queue' }
  /** The record of a feedback has changed. */
  | { readonly topic: 'feedback'; readonly requestId: string }
  | {
      readonly topic: 'progress';
      readonly requestId: string;
      readonly phase: DistillationPhase;
      readonly fraction: number;
    }
  /** What is served has changed, or whether requests are held back. */
  | { readonly topic: 'serving' }
  /** A process has taken a change of what is served over. */
  | { readonly topic: 'seen' };

/**
 * What the processes that share a database tell one another. Notices can be missed, so each is only a hint to look at the
 * database, which has the truth.
 */
export abstract class Bulletin {
  /** Names this process among those that listen. */
  abstract readonly id: string;
  /** False while notices may be missed: the connection is lost, and being made again. */
  abstract readonly isListening: boolean;
  /** From now on the others count with this process: it takes over what they tell. */
  abstract join(): Promise<void>;
  /** Tells the others, not this process. Never throws: who missed it will look. */
  abstract post(notice: Notice): Promise<void>;
  /** Returns how to stop listening. */
  abstract onNotice(listener: (notice: Notice) => void): () => void;
  /** Called when listening ends and when it begins again, since notices may have been missed. */
  abstract onInterruption(listener: () => void): () => void;
  /** Ids of the other processes that have joined and listen now. */
  abstract others(): Promise<readonly string[]>;
}
