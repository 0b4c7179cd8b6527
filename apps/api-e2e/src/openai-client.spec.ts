import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceProcess } from './service/service-process.js';

const QUESTION = 'What color is the sky?';
const messages = [{ role: 'user' as const, content: QUESTION }];

let service: ServiceProcess;
let openai: OpenAI;
beforeAll(async () => {
  service = await ServiceProcess.start();
  await service.client.init('carol/chat');
  openai = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: 'unused', maxRetries: 0 });
});
afterAll(() => service.stopAndRemove());

describe('the official OpenAI client', () => {
  it('lists the base model, the adapter and its aliases', async () => {
    const ids = [];
    for await (const model of openai.models.list()) ids.push(model.id);
    expect(ids).toEqual(expect.arrayContaining(['clay-tiny', 'carol/chat', 'carol/chat-init', 'carol/chat-latest']));
  });

  it('gets the same answer for the same seed, and its usage', async () => {
    const ask = () =>
      openai.chat.completions.create({
        model: 'carol/chat',
        messages,
        temperature: 1,
        seed: 3,
        max_completion_tokens: 30,
      });
    const [first, second] = [await ask(), await ask()];
    expect(first.object).toBe('chat.completion');
    expect(first.choices[0]?.message.role).toBe('assistant');
    expect(first.choices[0]?.message.content).toBe(second.choices[0]?.message.content);
    expect(first.usage?.total_tokens).toBe(first.usage!.prompt_tokens + first.usage!.completion_tokens);
    expect(first.usage?.completion_tokens).toBeLessThanOrEqual(30);
    expect(first.id).not.toBe(second.id);
  });

  it('streams the same text as it gets whole, and the usage when asked', async () => {
    const sampling = { model: 'carol/chat', messages, temperature: 0, max_completion_tokens: 60 } as const;
    const whole = await openai.chat.completions.create(sampling);
    const stream = await openai.chat.completions.create({
      ...sampling,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let chunks = 0;
    let finish: string | null = null;
    let usage: unknown = null;
    for await (const chunk of stream) {
      const choice = chunk.choices[0];
      text += choice?.delta.content ?? '';
      finish = choice?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
      chunks += 1;
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(finish).toBe(whole.choices[0]?.finish_reason);
    expect(chunks).toBeGreaterThan(5);
    expect(usage).toEqual(whole.usage);
  });

  it('stops before a stop string, and at the length', async () => {
    const greedy = { model: 'carol/chat', messages, temperature: 0 } as const;
    const whole = await openai.chat.completions.create(greedy);
    const text = whole.choices[0]!.message.content!;
    expect(whole.choices[0]?.finish_reason).toBe('stop');
    const stop = text.slice(9, 14);
    const stopped = await openai.chat.completions.create({ ...greedy, stop });
    expect(stopped.choices[0]?.message.content).toBe(text.slice(0, text.indexOf(stop)));
    expect(stopped.choices[0]?.finish_reason).toBe('stop');
    const short = await openai.chat.completions.create({ ...greedy, max_completion_tokens: 4 });
    expect(short.choices[0]?.finish_reason).toBe('length');
    expect(short.usage?.completion_tokens).toBe(4);
  });

  it('gives log-probs that agree with a score of the same tokens', async () => {
    const answer = await openai.chat.completions.create({
      model: 'carol/chat',
      messages,
      temperature: 0,
      logprobs: true,
      top_logprobs: 3,
    });
    const content = answer.choices[0]!.logprobs!.content!;
    expect(content[0]?.top_logprobs).toHaveLength(3);
    expect(content[0]?.top_logprobs[0]?.logprob).toBeCloseTo(content[0]!.logprob, 5);
    const score = await service.client.post('/v1/score', {
      model: 'carol/chat',
      messages,
      completion: answer.choices[0]!.message.content,
    });
    const served = content.slice(0, score.body.logprobs.length).map(({ logprob }) => logprob);
    for (const [index, logprob] of served.entries()) {
      expect(Math.abs(logprob - score.body.logprobs[index])).toBeLessThan(1e-3);
    }
  });

  it('completes plain text', async () => {
    const completion = await openai.completions.create({
      model: 'clay-tiny',
      prompt: 'The sky is',
      max_tokens: 5,
      temperature: 0,
      logprobs: 2,
    });
    expect(completion.object).toBe('text_completion');
    expect(completion.choices[0]?.text.length).toBeGreaterThan(0);
    const { token_logprobs, tokens } = completion.choices[0]!.logprobs!;
    expect(tokens).toHaveLength(completion.usage!.completion_tokens);
    expect(token_logprobs).toHaveLength(completion.usage!.completion_tokens);
  });

  it("gets an unknown model as a 404 in OpenAI's shape", async () => {
    const failure: unknown = await openai.chat.completions
      .create({ model: 'nobody/nothing', messages })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OpenAI.NotFoundError);
    expect(failure).toMatchObject({ code: 'model_not_found', message: expect.stringContaining('nobody/nothing') });
  });

  it('can stop listening: the service goes on answering others', async () => {
    const stream = await openai.chat.completions.create({
      model: 'carol/chat',
      messages,
      stream: true,
      temperature: 0,
    });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) break;
    }
    stream.controller.abort();
    const answer = await openai.chat.completions.create({ model: 'carol/chat', messages, max_completion_tokens: 3 });
    expect(answer.usage?.completion_tokens).toBe(3);
  });
});
