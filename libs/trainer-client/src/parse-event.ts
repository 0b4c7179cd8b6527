import type { TrainerEvent } from '@claas/contracts';

/** The event in a line of the trainer's stdout; null when it is none. */
export function parseEvent(line: string): TrainerEvent | null {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event !== 'object' || event === null || !('id' in event) || typeof event.id !== 'number') return null;
    return 'progress' in event || 'result' in event || 'error' in event ? (event as TrainerEvent) : null;
  } catch {
    return null;
  }
}
