import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reply } from './service/service-client.js';
import { ServiceProcess } from './service/service-process.js';

const QUESTION = 'What color is the sky?';
const FINAL = ['verified', 'failed', 'rolled_back'];

let service: ServiceProcess;
beforeAll(async () => {
  service = await ServiceProcess.start();
});
afterAll(() => service.stopAndRemove());

interface Sampled {
  readonly token: string;
  readonly logprob: number;
}

const textOf = (tokens: readonly Sampled[]): string => tokens.map(({ token }) => token).join('');

const feedbackOn = (loraId: string, feedback = 'Be concise.') => ({
  lora_id: loraId,
  prompt: QUESTION,
  response: 'The sky is blue! 😊',
  feedback,
});

async function outcome(requestId: string): Promise<Reply['body']> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const { body } = await service.client.get(`/v1/feedback/${requestId}`);
    if (FINAL.includes(body.status)) return body;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Feedback ${requestId} has no outcome.`);
}

describe('idempotency', () => {
  it('the same key and body get the first outcome, and train once', async () => {
    await service.client.init('gina/once');
    const headers = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(
      [1, 2, 3].map(() => service.client.post('/v1/feedback', feedbackOn('gina/once'), headers)),
    );
    const later = await service.client.post('/v1/feedback', feedbackOn('gina/once'), headers);
    for (const reply of [...replies, later]) {
      expect(reply.status).toBe(200);
      expect(reply.body.request_id).toBe(later.body.request_id);
      expect(reply.body.version).toBe(1);
    }
    const { versions } = (await service.client.get('/v1/lora/versions?lora_id=gina/once')).body;
    expect(versions).toHaveLength(2);
  });

  it('the same key with another body is a conflict that changes nothing', async () => {
    await service.client.init('gina/conflict');
    const headers = { 'idempotency-key': randomUUID() };
    await service.client.post('/v1/feedback', feedbackOn('gina/conflict'), headers);
    const reply = await service.client.post('/v1/feedback', feedbackOn('gina/conflict', 'Other.'), headers);
    expect(reply.status).toBe(409);
    expect(reply.body.code).toBe('idempotency_conflict');
  });
});

describe('asynchronous feedback', () => {
  it('is accepted at once, told by its events, and read later', async () => {
    await service.client.init('gina/later');
    const reply = await service.client.post('/v1/feedback', feedbackOn('gina/later'), { prefer: 'respond-async' });
    expect(reply.status).toBe(202);
    const location = String(reply.headers['location']);
    expect(location).toBe(`/v1/feedback/${reply.body.request_id}`);

    const events = await fetch(`${service.url}${location}/events`);
    expect(events.headers.get('content-type')).toContain('text/event-stream');
    const stream = await events.text();
    expect(stream).toContain('verified');
    const final = await outcome(reply.body.request_id);
    expect(final).toMatchObject({ status: 'verified', version: 1 });
    expect(final.receipt.gap_after).toBeLessThan(final.receipt.gap_before);
  });

  it('goes on when the client hangs up', async () => {
    await service.client.init('gina/hangup');
    const controller = new AbortController();
    const request = fetch(`${service.url}/v1/feedback`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(feedbackOn('gina/hangup')),
      signal: controller.signal,
    }).catch(() => null);
    let requestId: string | undefined;
    while (requestId === undefined) {
      const { body } = await service.client.get('/v1/feedback?lora_id=gina/hangup');
      requestId = body.feedbacks[0]?.request_id;
    }
    controller.abort();
    await request;
    expect(await outcome(requestId)).toMatchObject({ status: 'verified', version: 1 });
  });
});

describe('order and separation', () => {
  it('applies the feedbacks for one adapter in the order of arrival', async () => {
    await service.client.init('hugo/order');
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const body = feedbackOn('hugo/order', `Feedback number ${index}.`);
      const reply = await service.client.post('/v1/feedback', body, { prefer: 'respond-async' });
      ids.push(reply.body.request_id);
    }
    const versions = [];
    for (const id of ids) versions.push((await outcome(id)).version);
    expect(versions).toEqual([1, 2, 3, 4, 5]);
  });

  it('two adapters that are trained and chatted with at once end as if each had been alone', async () => {
    const { client } = service;
    const run = async (loraId: string, feedback: string, seed: number): Promise<Sampled[]> => {
      await client.init(loraId, seed);
      for (let step = 0; step < 3; step += 1) {
        const answer = await client.chat(loraId, QUESTION, { seed: step, max_completion_tokens: 20 });
        const body = { lora_id: loraId, completion_id: answer.id, feedback, training: { learning_rate: 3e-3 } };
        expect((await client.post('/v1/feedback', body)).status).toBe(200);
      }
      const final = await client.chat(loraId, QUESTION, { temperature: 0, logprobs: true });
      return final.choices[0].logprobs.content;
    };
    const together = await Promise.all([
      run('hugo/x1', "Don't use emojis.", 1),
      run('hugo/y1', 'Answer in uppercase.', 2),
    ]);
    const alone = [await run('hugo/x2', "Don't use emojis.", 1), await run('hugo/y2', 'Answer in uppercase.', 2)];
    for (const [index, tokens] of together.entries()) {
      expect(textOf(tokens)).toBe(textOf(alone[index]!));
      // Tokens that are decoded in one batch with others are rounded differently; another adapter is off by whole nats.
      for (const [at, { logprob }] of tokens.entries()) expect(logprob).toBeCloseTo(alone[index]![at]!.logprob, 3);
    }
    expect(textOf(together[0])).not.toBe(textOf(together[1]));
  });

  it('chats that arrive while a step runs wait and are answered', async () => {
    await service.client.init('hugo/busy');
    const step = service.client.post('/v1/feedback', { ...feedbackOn('hugo/busy'), training: { steps: 8 } });
    const chats = await Promise.all(
      Array.from({ length: 4 }, () => service.client.chat('hugo/busy', QUESTION, { max_completion_tokens: 4 })),
    );
    for (const chat of chats) expect(chat.usage.completion_tokens).toBe(4);
    expect((await step).status).toBe(200);
  });
});
