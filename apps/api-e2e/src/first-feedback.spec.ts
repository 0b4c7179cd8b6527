import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceProcess } from './service/service-process.js';

const QUESTION = 'What color is the sky?';
const TRAINING = { learning_rate: 1e-3, alpha: 0.5 };

let service: ServiceProcess;
beforeAll(async () => {
  service = await ServiceProcess.start();
});
afterAll(() => service.stopAndRemove());

describe('a first feedback', () => {
  it('by completion_id: the receipt shows learning and the next answer comes from the new version', async () => {
    const { client } = service;
    expect(await client.init('alice/first')).toBe('alice/first-init');
    const answer = await client.chat('alice/first', QUESTION, { logprobs: true });
    const reply = await client.post('/v1/feedback', {
      lora_id: 'alice/first',
      completion_id: answer.id,
      feedback: "Don't use emojis.",
      training: TRAINING,
    });

    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({
      status: 'ok',
      lora_id: 'alice/first-init',
      version: 1,
      distill_result: { lora_id: 'alice/first-init', version: 1 },
      vllm: { slept: false, woke: false, published: true, verified: true },
    });
    const { receipt } = reply.body;
    expect(receipt.gap_before).toBeGreaterThan(0);
    expect(receipt.gap_after).toBeLessThan(receipt.gap_before);
    expect(receipt.adapter_change).toBeGreaterThan(0);
    expect(receipt.response_logprob_after).not.toBe(receipt.response_logprob_before);
    expect(receipt.tokens.map(({ text }: { text: string }) => text).join('')).toContain(
      answer.choices[0].message.content.slice(0, 10),
    );

    const after = await client.chat('alice/first', QUESTION, { logprobs: true });
    const logprobs = (completion: typeof answer): number[] =>
      completion.choices[0].logprobs.content.map(({ logprob }: { logprob: number }) => logprob);
    expect(logprobs(after)[0]).not.toBe(logprobs(answer)[0]);
  });

  it("the served log-probs are the trainer's: a score of the response sums to the receipt's figure", async () => {
    const { client } = service;
    await client.init('alice/scored');
    const answer = await client.chat('alice/scored', QUESTION, { max_completion_tokens: 120 });
    expect(answer.choices[0].finish_reason).toBe('stop');
    const messages = [{ role: 'user', content: QUESTION }];
    const completion = answer.choices[0].message.content;
    const before = await client.post('/v1/score', { model: 'alice/scored', messages, completion });
    const feedback = await client.post('/v1/feedback', {
      lora_id: 'alice/scored',
      completion_id: answer.id,
      feedback: 'Be concise.',
      training: TRAINING,
    });
    const after = await client.post('/v1/score', { model: 'alice/scored', messages, completion });

    // A score is of the text alone; the receipt counts the end-of-turn token too, which the last signal token is.
    const { receipt } = feedback.body;
    expect(before.body.tokens.length).toBe(receipt.tokens.length - 1);
    expect(after.body.logprob_sum).not.toBeCloseTo(before.body.logprob_sum, 2);
    expect(receipt.verified.max_difference).toBeLessThan(1e-3);
    expect(before.body.logprob_sum).toBeGreaterThanOrEqual(receipt.response_logprob_before - 1e-3);
    expect(after.body.logprob_sum).toBeGreaterThanOrEqual(receipt.response_logprob_after - 1e-3);
  });

  it('by prompt and response, as a client of the Python service sends it', async () => {
    const { client } = service;
    await client.init('bob/text');
    const reply = await client.post('/v1/feedback', {
      lora_id: 'bob/text-latest',
      prompt: QUESTION,
      response: 'The sky is blue! 😊',
      feedback: "Don't use emojis.",
      training: { learning_rate: 1e-3, alpha: 0.5, teacher_mode: 'self', teacher_top_k: 100 },
      orchestration: { sleep_before: true, wake_after: true, sleep_level: 1 },
    });
    expect(reply.status).toBe(200);
    expect(reply.body.lora_id).toBe('bob/text-init');
    expect(reply.body.receipt.gap_after).toBeLessThan(reply.body.receipt.gap_before);
    expect(reply.body.distill_result.metadata.tokens_processed).toBe(reply.body.receipt.tokens.length);
  });

  it('by messages, with the log-probs that the client kept', async () => {
    const { client } = service;
    await client.init('bob/messages');
    const messages = [
      { role: 'system', content: 'Answer in English.' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi!' },
      { role: 'user', content: QUESTION },
    ];
    const answer = await client.chat('bob/messages', '', { messages, logprobs: true, max_completion_tokens: 12 });
    const rollout_logprobs = answer.choices[0].logprobs.content.map(({ logprob }: { logprob: number }) => logprob);
    const reply = await client.post('/v1/feedback', {
      lora_id: 'bob/messages',
      messages,
      response: answer.choices[0].message.content,
      feedback: 'Be concise.',
      rollout_logprobs,
      training: TRAINING,
    });
    expect(reply.status).toBe(200);
    // The adapter is still the one that sampled, so each ratio is 1.
    expect(reply.body.receipt.mean_importance_ratio).toBeCloseTo(1, 3);
    expect(reply.body.receipt.clip_fraction).toBe(0);
  });

  it('writes a log file of the feedback and lists it', async () => {
    const { client } = service;
    const list = await client.get('/v1/feedback?lora_id=alice/first');
    expect(list.status).toBe(200);
    expect(list.body.feedbacks).toHaveLength(1);
    expect(list.body.feedbacks[0]).toMatchObject({ status: 'verified', version: 1, lora_id: 'alice/first-init' });
    const one = await client.get(`/v1/feedback/${list.body.feedbacks[0].request_id}`);
    expect(one.body.receipt.gap_after).toBeLessThan(one.body.receipt.gap_before);
  });
});
