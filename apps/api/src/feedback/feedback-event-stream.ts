import type { DistillationProgress } from '@claas/contracts';
import { toFeedbackRecord } from './dto/feedback-record.dto.js';
import type { FeedbackHub } from './feedback-hub.js';
import type { FeedbackRepository } from './feedback-repository.js';
import type { Feedback } from './feedback.js';

const HEARTBEAT_MS = 15_000;

/**
 * Server-sent events of one feedback: `state` with its record, now and at each change, `progress` of its step.
 * Ends after the state in which nothing remains to be done. Comments keep the connection open between events.
 */
export async function* feedbackEventStream(
  requestId: string,
  repository: FeedbackRepository,
  hub: FeedbackHub,
  heartbeatMs = HEARTBEAT_MS,
): AsyncGenerator<string, void, undefined> {
  const pending: string[] = [];
  let isFinished = false as boolean;
  let wake = (): void => undefined;
  const push = (text: string): void => {
    pending.push(text);
    wake();
  };
  const showState = (feedback: Feedback): void => {
    if (isFinished) return;
    isFinished = feedback.finishedAt !== null;
    push(event('state', toFeedbackRecord(feedback)));
  };
  const stopListening = [
    hub.onChange(requestId, showState),
    hub.onProgress(requestId, (progress) => {
      push(event('progress', toProgress(progress)));
    }),
  ];
  const heartbeat = setInterval(() => {
    push(': keep-alive\n\n');
    // Another process may have changed it, and its notice may be lost.
    void repository.find(requestId).then((now) => {
      if (now?.finishedAt != null) showState(now);
    });
  }, heartbeatMs);
  try {
    const now = await repository.find(requestId);
    // A change that came while this was read is newer than what was read.
    if (now !== null && !pending.some((text) => text.startsWith('event: state'))) showState(now);
    for (;;) {
      const next = pending.shift();
      if (next !== undefined) yield next;
      else if (isFinished) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    clearInterval(heartbeat);
    for (const stop of stopListening) stop();
  }
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function toProgress({ phase, fraction }: DistillationProgress): Record<string, unknown> {
  return { phase, fraction };
}
