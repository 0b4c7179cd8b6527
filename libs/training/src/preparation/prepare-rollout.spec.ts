import type { DistillationRequest, Rollout, TrainingSettings } from '@claas/contracts';
import { DEFAULT_TRAINING_SETTINGS } from '@claas/contracts';
import { beforeAll, describe, expect, it } from 'vitest';
import { ANSWER, loadClayText, rollout } from '../testing/clay-tiny.js';
import { prepareRollout } from './prepare-rollout.js';
import { teacherTask } from './teacher-task.js';
import type { PreparedDistillation, RolloutModel } from './prepare-rollout.js';

let model: RolloutModel;
let answerIds: readonly number[];
let endOfTurn: number;

beforeAll(async () => {
  const { tokenizer, template } = await loadClayText();
  endOfTurn = tokenizer.tokenId('<|im_end|>')!;
  model = { tokenizer, template, endOfTurnTokenId: endOfTurn, contextLength: 512, vocabularySize: 4096 };
  answerIds = tokenizer.encode(ANSWER, { specialTokens: 'plain' });
});

function request(changes: Partial<Rollout> = {}, settings: Partial<TrainingSettings> = {}): DistillationRequest {
  return {
    baseModel: 'clay-tiny',
    rollout: rollout(changes),
    feedback: "Don't use emojis.",
    settings: { ...DEFAULT_TRAINING_SETTINGS, ...settings },
  };
}

const prepare = (changes: Partial<Rollout> = {}): PreparedDistillation => prepareRollout(model, request(changes));
const zeros = (length: number): number[] => new Array<number>(length).fill(-0.5);
const refusal = (code: string, details: object = {}) =>
  expect.objectContaining({ code, details: expect.objectContaining(details) });

describe('a text response', () => {
  it('ends with the end-of-turn token', () => {
    expect(prepare().responseTokenIds).toEqual([...answerIds, endOfTurn]);
  });

  it('stays text where it looks like a special token', () => {
    const { responseTokenIds } = prepare({ response: { text: 'a<|im_end|>b' } });
    expect(responseTokenIds.filter((id) => id === endOfTurn)).toHaveLength(1);
    expect(responseTokenIds.at(-1)).toBe(endOfTurn);
  });

  it('takes log-probs with the end-of-turn token', () => {
    const rolloutLogprobs = zeros(answerIds.length + 1);
    expect(prepare({ rolloutLogprobs })).toMatchObject({
      responseTokenIds: [...answerIds, endOfTurn],
      rolloutLogprobs,
    });
  });

  it('takes log-probs without it as an answer that was cut by length', () => {
    const rolloutLogprobs = zeros(answerIds.length);
    expect(prepare({ rolloutLogprobs })).toMatchObject({ responseTokenIds: answerIds, rolloutLogprobs });
  });

  it.each([-1, 2])('refuses any other number of log-probs (%i) and says the counts', (difference) => {
    const received = answerIds.length + difference;
    expect(() => prepare({ rolloutLogprobs: zeros(received) })).toThrow(
      refusal('rollout_logprobs_mismatch', { received, accepted: [answerIds.length, answerIds.length + 1] }),
    );
  });

  it('goes without an end where the model has none', () => {
    const endless = { ...model, endOfTurnTokenId: null };
    expect(prepareRollout(endless, request()).responseTokenIds).toEqual(answerIds);
    expect(() => prepareRollout(endless, request({ rolloutLogprobs: zeros(answerIds.length + 1) }))).toThrow(
      refusal('rollout_logprobs_mismatch', { accepted: [answerIds.length] }),
    );
  });

  it('is refused when it is empty', () => {
    expect(() => prepare({ response: { text: '' } })).toThrow(refusal('response_empty'));
  });
});

describe('a response of token ids', () => {
  it('is taken as it is', () => {
    const tokenIds = [10, 11, 12];
    expect(prepare({ response: { tokenIds }, rolloutLogprobs: zeros(3) }).responseTokenIds).toEqual(tokenIds);
  });

  it('needs exactly as many log-probs', () => {
    expect(() => prepare({ response: { tokenIds: [10, 11, 12] }, rolloutLogprobs: zeros(4) })).toThrow(
      refusal('rollout_logprobs_mismatch', { received: 4, accepted: [3] }),
    );
  });

  it('is refused when it is empty', () => {
    expect(() => prepare({ response: { tokenIds: [] } })).toThrow(refusal('response_empty'));
  });

  it.each([4096, -1, 1.5, Number.NaN])('is refused with the id %d, which is no token', (id) => {
    expect(() => prepare({ response: { tokenIds: [10, id] } })).toThrow(
      refusal('request_invalid', { field: 'response_token_ids', index: 1 }),
    );
  });
});

describe('a context', () => {
  it('may fill the model exactly', () => {
    const promptTokenIds = zeros(512 - answerIds.length - 1).map(() => 20);
    expect(prepare({ promptTokenIds }).promptTokenIds).toHaveLength(promptTokenIds.length);
  });

  it('is refused one token later, with its lengths', () => {
    const promptTokenIds = zeros(512 - answerIds.length).map(() => 20);
    expect(() => prepare({ promptTokenIds })).toThrow(
      refusal('context_too_long', {
        prompt_tokens: promptTokenIds.length,
        response_tokens: answerIds.length + 1,
        context_length: 512,
      }),
    );
  });

  it('leaves room for the response by cutting the feedback, with a warning', () => {
    const feedback = 'No emojis at all, please. '.repeat(200);
    const { teacherTokenIds, responseTokenIds, warnings } = prepareRollout(model, { ...request(), feedback });
    expect(teacherTokenIds.length + responseTokenIds.length).toBeLessThanOrEqual(512);
    expect(warnings).toEqual([expect.stringMatching(/^The feedback was cut to its first \d+ of \d+ tokens/)]);
    expect(prepare().warnings).toEqual([]);
  });

  it('uses the template that it is given', () => {
    const { teacherTokenIds } = prepareRollout(model, request(), '{feedback}~{message}');
    const text = model.tokenizer.decode(teacherTokenIds, { skipSpecialTokens: true });
    expect(text).toContain("Don't use emojis.~Can you tell me");
  });

  it('is refused without a user message, without tokens, or with ids that are no tokens', () => {
    const conversation = [{ role: 'system', content: 'Be kind.' }];
    expect(() => prepare({ conversation })).toThrow(refusal('request_invalid', { roles: ['system'] }));
    expect(() => prepare({ promptTokenIds: [] })).toThrow(refusal('request_invalid'));
    expect(() => prepare({ promptTokenIds: [9999] })).toThrow(
      refusal('request_invalid', { field: 'prompt_token_ids' }),
    );
  });

  it("says in the template's own words what it refuses", () => {
    const failing: RolloutModel = {
      ...model,
      template: {
        encodeConversation() {
          throw Object.assign(new Error('Roles must alternate'), { code: 'template_failed' });
        },
      },
    };
    expect(() => prepareRollout(failing, request())).toThrow(
      expect.objectContaining({ name: 'ClaasError', code: 'template_failed', message: 'Roles must alternate' }),
    );
  });
});

describe('sampling', () => {
  it('at temperature 0 counts as 1', () => {
    expect(prepare({ temperature: 0 }).temperature).toBe(1);
    expect(prepare({ temperature: 0.7 }).temperature).toBe(0.7);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('at temperature %d is refused', (temperature) => {
    expect(() => prepare({ temperature })).toThrow(refusal('request_invalid'));
  });

  it.each([Number.NaN, Number.NEGATIVE_INFINITY])('with a log-prob of %d is refused', (logprob) => {
    const rolloutLogprobs = [...zeros(answerIds.length), logprob];
    expect(() => prepare({ rolloutLogprobs })).toThrow(refusal('request_invalid', { index: answerIds.length }));
  });
});

describe('a remote teacher', () => {
  const remote = (topK: number | null): Partial<TrainingSettings> => ({ teacherMode: 'remote', topK });

  it('is asked the response after the teacher’s context, and shown how texts are read here', () => {
    const prepared = prepareRollout(model, { ...request({}, remote(100)), hasRemoteTeacher: true });
    const task = teacherTask(model, prepared);
    expect(task).toMatchObject({
      promptTokenIds: prepared.teacherTokenIds,
      responseTokenIds: [...answerIds, endOfTurn],
      vocabularySize: 4096,
    });
    expect(task.probes.length).toBeGreaterThan(1);
    for (const { text, tokenIds } of task.probes) {
      expect(tokenIds).toEqual(model.tokenizer.encode(text, { specialTokens: 'plain' }));
    }
  });

  it('has a support of its own: null is refused', () => {
    expect(() => prepareRollout(model, { ...request({}, remote(null)), hasRemoteTeacher: true })).toThrow(
      refusal('request_invalid', { field: 'training.top_k' }),
    );
  });
});

it('refuses a remote teacher, which this trainer has not', () => {
  expect(() => prepareRollout(model, request({}, { teacherMode: 'remote' }))).toThrow(
    refusal('teacher_mode_unsupported', { supported: ['self'] }),
  );
});
