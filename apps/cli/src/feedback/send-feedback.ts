import { setTimeout as delay } from 'node:timers/promises';
import type { ClaasClient } from '../client/claas-client.js';
import type { FeedbackRecord, FeedbackRequest } from '../client/service-types.js';
import { CommandError, interruptedError } from '../errors/command-error.js';
import { ExitCode } from '../errors/exit-code.js';
import type { Output } from '../output/output.js';
import { ProgressDisplay } from '../output/progress-display.js';
import { assertLearned, followFeedback } from './follow-feedback.js';

const ATTEMPTS = 3;
const PAUSE_MS = 500;

/** Once, also when the connection breaks in between: the service knows the key. */
export async function acceptFeedback(
  client: ClaasClient,
  request: FeedbackRequest,
  idempotencyKey: string,
  signal: AbortSignal,
): Promise<FeedbackRecord> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.sendFeedback(request, idempotencyKey, signal);
    } catch (error) {
      const isUnreachable = error instanceof CommandError && error.facts.exitCode === ExitCode.unreachable;
      if (!isUnreachable || attempt === ATTEMPTS) throw error;
      await delay(PAUSE_MS * attempt, undefined, { signal });
    }
  }
}

/** Shows a feedback's way until it is learned. @throws CommandError when it isn't */
export async function waitForFeedback(
  client: ClaasClient,
  requestId: string,
  output: Output,
  signal: AbortSignal,
): Promise<FeedbackRecord> {
  const display = new ProgressDisplay(output);
  try {
    const record = await followFeedback(
      client,
      requestId,
      (event) => {
        display.show(event);
      },
      signal,
    );
    assertLearned(record);
    return record;
  } catch (error) {
    if (!signal.aborted) throw error;
    const hint = `It goes on in the service: \`claas follow ${requestId}\` waits for it again.`;
    throw interruptedError('No longer waiting for the feedback.', hint);
  } finally {
    display.end();
  }
}
