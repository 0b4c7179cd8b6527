import { setTimeout as delay } from 'node:timers/promises';
import type { ClaasClient } from '../client/claas-client.js';
import type { FeedbackEvent, FeedbackRecord } from '../client/service-types.js';
import { CommandError } from '../errors/command-error.js';
import { ExitCode } from '../errors/exit-code.js';

/** A service that restarts is back within this; the feedback is kept meanwhile. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 500;

/**
 * Waits until nothing remains to be done for a feedback, over broken connections and restarts of the service.
 *
 * @throws CommandError when the service stays away, which says how to look again
 */
export async function followFeedback(
  client: ClaasClient,
  requestId: string,
  onEvent: (event: FeedbackEvent) => void,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<FeedbackRecord> {
  let lastSeen = Date.now();
  for (;;) {
    try {
      for await (const event of client.feedbackEvents(requestId, signal)) {
        lastSeen = Date.now();
        onEvent(event);
        if (event.kind === 'state' && event.record.finished) return event.record;
      }
    } catch (error) {
      signal.throwIfAborted();
      const isPassing = error instanceof CommandError && PASSING.includes(error.facts.exitCode);
      if (!isPassing || Date.now() - lastSeen > patienceMs) throw withWayBack(error, requestId);
    }
    await delay(PAUSE_MS, undefined, { signal });
  }
}

const PASSING: readonly number[] = [ExitCode.unreachable, ExitCode.serviceFailed];

function withWayBack(error: unknown, requestId: string): unknown {
  if (!(error instanceof CommandError) || error.facts.exitCode !== ExitCode.unreachable) return error;
  const hint = `The feedback was accepted and is kept: \`claas follow ${requestId}\` when the service is back.`;
  return new CommandError(error.message, { ...error.facts, hint });
}

/** @throws CommandError for a feedback that didn't become a verified version */
export function assertLearned(record: FeedbackRecord): void {
  if (record.status === 'verified') return;
  const { error } = record;
  // With `wake_after: false` nothing is served yet, and nothing failed.
  if (error === null) return;
  throw new CommandError(error.detail, {
    exitCode: ExitCode.serviceFailed,
    code: error.code,
    hint: 'Nothing was learned. Send it again when the cause is gone.',
    data: { request_id: record.request_id, status: record.status, phase: error.phase, detail: error.detail },
  });
}
