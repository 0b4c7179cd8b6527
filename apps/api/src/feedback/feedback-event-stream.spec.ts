import { describe, expect, it } from 'vitest';
import { feedbackEventStream } from './feedback-event-stream.js';
import { FeedbackHub } from './feedback-hub.js';
import { NOTHING_SERVED } from './feedback-outcome.js';
import type { FeedbackRepository } from './feedback-repository.js';
import type { Feedback } from './feedback.js';
import { NO_TIMINGS } from './phase-timings.js';
import { sampleNewFeedback } from './testing/sample-feedback.js';

const QUEUED: Feedback = {
  ...sampleNewFeedback(),
  sequence: 1,
  state: 'queued',
  attempts: 0,
  parentVersion: null,
  version: null,
  result: null,
  serving: NOTHING_SERVED,
  timings: NO_TIMINGS,
  error: null,
  logPath: null,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  finishedAt: null,
};

/** A repository that answers `feedback`, after `meanwhile`. */
function repositoryOf(feedback: Feedback, meanwhile: () => void = () => undefined): FeedbackRepository {
  const find = async (): Promise<Feedback> => {
    meanwhile();
    return feedback;
  };
  return { find } as Partial<FeedbackRepository> as FeedbackRepository;
}

describe('the events of a feedback', () => {
  it('are kept alive by comments while nothing happens, and end with their reader', async () => {
    const hub = new FeedbackHub();
    const events = feedbackEventStream(QUEUED.requestId, repositoryOf(QUEUED), hub, 5);
    expect((await events.next()).value).toContain('"status":"queued"');
    expect((await events.next()).value).toBe(': keep-alive\n\n');
    await events.return();
    expect(await events.next()).toEqual({ value: undefined, done: true });
  });

  it('do not go back to a state that was read before a change', async () => {
    const hub = new FeedbackHub();
    const finished: Feedback = { ...QUEUED, state: 'failed', finishedAt: new Date() };
    const repository = repositoryOf(QUEUED, () => {
      hub.announceChange(finished);
    });
    const seen: string[] = [];
    for await (const text of feedbackEventStream(QUEUED.requestId, repository, hub)) seen.push(text);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toContain('"status":"failed"');
  });

  it('are those of one feedback alone', async () => {
    const hub = new FeedbackHub();
    const events = feedbackEventStream(QUEUED.requestId, repositoryOf(QUEUED), hub);
    await events.next();
    hub.announceChange({ ...QUEUED, requestId: 'another', state: 'failed' });
    hub.announceProgress('another', { phase: 'teacher', fraction: 0.1 });
    hub.announceProgress(QUEUED.requestId, { phase: 'forward', fraction: 0.4 });
    expect((await events.next()).value).toBe('event: progress\ndata: {"phase":"forward","fraction":0.4}\n\n');
    await events.return();
  });
});
