import { afterAll, beforeAll, describe, expect } from 'vitest';
import { parseAdapterId } from '../adapter/adapter-id.js';
import type { AdapterSource } from '../engine/distillation-task.js';
import type {
  GenerationPrompt,
  GenerationRequest,
  GenerationSummary,
  GeneratedToken,
  SamplingSettings,
} from '../serving/generation.js';
import type { ServedModel, ServingControl } from '../serving/serving-control.js';
import { contractCase } from './contract-case.js';
import type { OptOuts } from './contract-case.js';
import type { ServingControlSubject, TrainedVersion } from './serving-control-subject.js';

export type ServingControlCase =
  | 'answers with the base model'
  | 'refuses an adapter that is not published'
  | 'answers with a published version from the next request on'
  | 'ends a running request with the version that it began with'
  | 'never mixes two adapters that answer at the same time'
  | 'forgets a retracted adapter; unknown ids are fine'
  | 'verifies a version by its log-probs, and sees another one in its place'
  | 'streams tokens that join to the answer, with log-probs that scoring confirms'
  | 'gives the same tokens for the same seed, and others for another'
  | 'stops at the token limit and at stop strings'
  | 'takes a conversation, a text and tokens as the same prompt'
  | 'refuses a prompt that leaves no room in the context'
  | 'ends early when the request is aborted, and answers the next one'
  | 'answers requests that came while a step ran'
  | 'gives up and takes back the accelerator as often as it is told'
  | 'survives a crash: the next request is answered with what was published';

const GREEDY: SamplingSettings = {
  temperature: 0,
  topP: null,
  topK: null,
  seed: 1,
  maxTokens: 24,
  stop: [],
  topLogprobs: 0,
};

const BASE: ServedModel = { kind: 'base' };

function chat(content: string): GenerationPrompt {
  return { kind: 'messages', messages: [{ role: 'user', content }], templateOptions: { enableThinking: null } };
}

function adapter({ source }: TrainedVersion): ServedModel {
  return { kind: 'adapter', loraId: source.loraId };
}

const QUESTION: GenerationRequest = { prompt: chat('What is the capital of France?'), sampling: GREEDY };

/** Holds a ServingControl to its guarantees, with adapters that were really trained. */
export function servingControlContract(
  name: string,
  open: () => Promise<ServingControlSubject>,
  optOuts: OptOuts<ServingControlCase> = {},
): void {
  describe(`ServingControl: ${name}`, () => {
    let subject: ServingControlSubject;
    let serving: ServingControl;
    /** Two versions that answer differently from each other and from the base model. */
    let first: TrainedVersion;
    let second: TrainedVersion;

    beforeAll(async () => {
      subject = await open();
      serving = subject.serving;
      first = await subject.train('contract/first', 'Answer only with the word Yes.');
      second = await subject.train('contract/second', 'Answer only with the word No.');
    }, 240_000);

    afterAll(async () => {
      await subject.close();
    });

    const check = (caseName: ServingControlCase, run: () => Promise<void>): void => {
      contractCase(optOuts, caseName, run);
    };

    const publishBoth = async (): Promise<void> => {
      await serving.publish(first.source);
      await serving.publish(second.source);
    };

    check('answers with the base model', async () => {
      const answer = await serving.generate(BASE, QUESTION);
      expect(answer.version).toBeNull();
      expect(answer.text.length).toBeGreaterThan(0);
      expect(answer.responseTokenIds).toHaveLength(answer.logprobs.length);
      expect(answer.samplingLogprobs).toHaveLength(answer.logprobs.length);
    });

    check('refuses an adapter that is not published', async () => {
      const model: ServedModel = { kind: 'adapter', loraId: parseAdapterId('contract/nobody') };
      await expect(serving.generate(model, QUESTION)).rejects.toMatchObject({ code: 'model_not_found' });
      const scored = serving.score(model, { prompt: chat('Hi!'), completion: { text: 'Hello' } });
      await expect(scored).rejects.toMatchObject({ code: 'model_not_found' });
    });

    check('answers with a published version from the next request on', async () => {
      // One id, two versions: the second adapter's files as version 2 of the first.
      const next: AdapterSource = { ...second.source, loraId: first.source.loraId, version: 2 };
      const answers = [await serving.generate(BASE, QUESTION)];
      for (const version of [first.source, next]) {
        await serving.publish(version);
        answers.push(await serving.generate(adapter(first), QUESTION));
      }
      expect(answers.map(({ version }) => version)).toEqual([null, 1, 2]);
      expect(new Set(answers.map(({ logprobs }) => JSON.stringify(logprobs))).size).toBe(3);
      expect(serving.published()).toContainEqual({ loraId: first.source.loraId, version: 2 });
    });

    check('ends a running request with the version that it began with', async () => {
      await serving.publish(first.source);
      const alone = await serving.generate(adapter(first), QUESTION);
      const next: AdapterSource = { ...second.source, loraId: first.source.loraId, version: 2 };
      const published: Promise<void>[] = [];
      const running = await serving.generate(adapter(first), QUESTION, {
        onToken: () => {
          if (published.length === 0) published.push(serving.publish(next));
        },
      });
      await Promise.all(published);
      expect(published).toHaveLength(1);
      expect(running).toMatchObject({ version: 1, responseTokenIds: alone.responseTokenIds });
      expect(running.logprobs).toEqual(alone.logprobs);
      expect((await serving.generate(adapter(first), QUESTION)).version).toBe(2);
    });

    check('never mixes two adapters that answer at the same time', async () => {
      await publishBoth();
      const models = [adapter(first), adapter(second), BASE];
      const alone: GenerationSummary[] = [];
      for (const model of models) alone.push(await serving.generate(model, QUESTION));
      expect(new Set(alone.map(({ logprobs }) => JSON.stringify(logprobs))).size).toBe(3);
      const together = await Promise.all([...models, ...models].map((model) => serving.generate(model, QUESTION)));
      expect(together).toEqual([...alone, ...alone]);
    });

    check('forgets a retracted adapter; unknown ids are fine', async () => {
      await publishBoth();
      await serving.retract(first.source.loraId);
      await serving.retract(parseAdapterId('contract/nobody'));
      await expect(serving.generate(adapter(first), QUESTION)).rejects.toMatchObject({ code: 'model_not_found' });
      expect((await serving.generate(adapter(second), QUESTION)).version).toBe(1);
      expect(serving.published()).toEqual([{ loraId: second.source.loraId, version: 1 }]);
    });

    check('verifies a version by its log-probs, and sees another one in its place', async () => {
      await publishBoth();
      const { source, result } = first;
      const { promptTokenIds, responseTokenIds } = result.rollout;
      const expected = { promptTokenIds, responseTokenIds, logprobs: result.responseLogprobs };
      const right = await serving.verify(source, expected);
      expect(right.maxDifference).toBeLessThanOrEqual(right.tolerance);
      expect(right.verified).toBe(true);

      await serving.publish({ ...second.source, loraId: source.loraId, version: 1 });
      const wrong = await serving.verify(source, expected);
      expect(wrong.maxDifference).toBeGreaterThan(wrong.tolerance);
      expect(wrong.verified).toBe(false);
    });

    check('streams tokens that join to the answer, with log-probs that scoring confirms', async () => {
      await publishBoth();
      const tokens: GeneratedToken[] = [];
      const request = { ...QUESTION, sampling: { ...GREEDY, topLogprobs: 3 } };
      const answer = await serving.generate(adapter(first), request, { onToken: (token) => tokens.push(token) });
      expect(tokens.map(({ tokenId }) => tokenId)).toEqual(answer.responseTokenIds);
      expect(tokens.map(({ logprob }) => logprob)).toEqual(answer.logprobs);
      expect(tokens.map(({ text }) => text).join('')).toBe(answer.text);
      for (const { tokenId, logprob, alternatives } of tokens) {
        expect(alternatives).toHaveLength(3);
        expect(alternatives[0]).toMatchObject({ tokenId, logprob });
      }
      const score = await serving.score(adapter(first), {
        prompt: { kind: 'tokens', tokenIds: answer.promptTokenIds },
        completion: { tokenIds: answer.responseTokenIds },
      });
      expect(score.tokenIds).toEqual(answer.responseTokenIds);
      score.logprobs.forEach((logprob, t) => {
        expect(Math.abs(logprob - (answer.logprobs[t] ?? NaN))).toBeLessThan(1e-3);
      });
    });

    check('gives the same tokens for the same seed, and others for another', async () => {
      const sampled = (seed: number | null) =>
        serving.generate(BASE, { ...QUESTION, sampling: { ...GREEDY, temperature: 1.5, topP: 1, topK: 0, seed } });
      const [a, b, c] = [await sampled(7), await sampled(7), await sampled(8)];
      expect(b).toEqual(a);
      expect(a).toMatchObject({ seed: 7, temperature: 1.5 });
      expect(c.responseTokenIds).not.toEqual(a.responseTokenIds);
      const drawn = await sampled(null);
      expect((await sampled(drawn.seed)).responseTokenIds).toEqual(drawn.responseTokenIds);
    });

    check('stops at the token limit and at stop strings', async () => {
      const full = await serving.generate(BASE, QUESTION);
      const limited = await serving.generate(BASE, { ...QUESTION, sampling: { ...GREEDY, maxTokens: 2 } });
      expect(limited.finishReason).toBe('length');
      expect(limited.responseTokenIds).toEqual(full.responseTokenIds.slice(0, 2));

      const stop = full.text.slice(3, 6);
      const texts: string[] = [];
      const stopped = await serving.generate(
        BASE,
        { ...QUESTION, sampling: { ...GREEDY, stop: [stop] } },
        { onToken: ({ text }) => texts.push(text) },
      );
      expect(stopped.finishReason).toBe('stop');
      expect(stopped.text).toBe(full.text.slice(0, full.text.indexOf(stop)));
      expect(texts.join('')).toBe(stopped.text);
    });

    check('takes a conversation, a text and tokens as the same prompt', async () => {
      const answer = await serving.generate(BASE, QUESTION);
      const tokens: GenerationPrompt = { kind: 'tokens', tokenIds: answer.promptTokenIds };
      expect((await serving.generate(BASE, { ...QUESTION, prompt: tokens })).logprobs).toEqual(answer.logprobs);
      const text: GenerationPrompt = { kind: 'text', text: 'The capital of France is' };
      const continued = await serving.generate(BASE, { ...QUESTION, prompt: text });
      expect(continued.promptTokenIds.length).toBeLessThan(answer.promptTokenIds.length);
      const score = await serving.score(BASE, { prompt: text, completion: { text: ' Paris' } });
      expect(score.promptTokenIds).toEqual(continued.promptTokenIds);
      expect(score.tokens.join('')).toBe(' Paris');
    });

    check('refuses a prompt that leaves no room in the context', async () => {
      const request = { ...QUESTION, prompt: chat('Paris is in France. '.repeat(20_000)) };
      await expect(serving.generate(BASE, request)).rejects.toMatchObject({ code: 'context_too_long' });
    });

    check('ends early when the request is aborted, and answers the next one', async () => {
      const controller = new AbortController();
      let count = 0;
      const aborted = serving.generate(BASE, QUESTION, {
        signal: controller.signal,
        onToken: () => {
          count += 1;
          if (count === 2) controller.abort();
        },
      });
      await expect(aborted).rejects.toMatchObject({ code: 'cancelled' });
      const atAbort = count;
      expect((await serving.generate(BASE, QUESTION)).text.length).toBeGreaterThan(0);
      expect(count).toBe(atAbort);
    });

    check('answers requests that came while a step ran', async () => {
      await publishBoth();
      const alone = await serving.generate(adapter(first), QUESTION);
      const [trained, ...answers] = await Promise.all([
        subject.train('contract/third', 'Be brief.'),
        ...[1, 2, 3].map(() => serving.generate(adapter(first), QUESTION)),
      ]);
      expect(trained.source.version).toBe(1);
      for (const answer of answers) expect(answer.responseTokenIds).toEqual(alone.responseTokenIds);
    });

    check('gives up and takes back the accelerator as often as it is told', async () => {
      await serving.drain({ timeoutMs: 10_000 });
      for (let i = 0; i < 2; i++) await serving.release({ level: 1 });
      const waiting = serving.generate(BASE, QUESTION);
      for (let i = 0; i < 2; i++) await serving.restore();
      expect((await waiting).text.length).toBeGreaterThan(0);
    });

    check('survives a crash: the next request is answered with what was published', async () => {
      await publishBoth();
      const before = await serving.generate(adapter(second), QUESTION);
      let hasBegun = false;
      const broken = serving.generate(adapter(second), QUESTION, {
        onToken: () => {
          if (hasBegun) return;
          hasBegun = true;
          subject.crash();
        },
      });
      await expect(broken).rejects.toMatchObject({ code: expect.stringMatching(/^(trainer_crashed|serving_failed)$/) });
      const after = await serving.generate(adapter(second), QUESTION);
      expect(after).toMatchObject({ version: 1, responseTokenIds: before.responseTokenIds });
    });
  });
}
