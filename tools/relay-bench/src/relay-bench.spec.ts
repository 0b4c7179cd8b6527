import { describe, expect, it } from 'vitest';
import { quantile } from './first-bytes.js';
import { answerOf, eventsOf } from './fixed-answer.js';

describe('the fixed answer', () => {
  const asked = { model: 'm', logprobs: true, return_token_ids: true };

  it('has a token id and a log-prob for each token, where they are asked for', () => {
    const { choices, model, prompt_token_ids: prompt } = JSON.parse(answerOf(asked));
    expect(model).toBe('m');
    expect(choices[0].token_ids).toHaveLength(choices[0].logprobs.content.length);
    expect(prompt).toHaveLength(24);
    const plain = JSON.parse(answerOf({ model: 'm' }));
    expect([plain.choices[0].logprobs, plain.choices[0].token_ids, plain.prompt_token_ids]).toEqual([null, null, null]);
  });

  it('says the same in events', () => {
    const events = eventsOf(asked);
    expect(events.at(-1)).toBe('data: [DONE]\n\n');
    const chunks = events.slice(0, -1).map((event) => JSON.parse(event.slice('data: '.length)));
    const text = chunks.map(({ choices }) => choices[0].delta.content).join('');
    expect(text).toBe(JSON.parse(answerOf(asked)).choices[0].message.content);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });
});

describe('a quantile', () => {
  it('is one of the values', () => {
    const values = [5, 1, 4, 2, 3];
    expect([0, 0.5, 0.95, 1].map((share) => quantile(values, share))).toEqual([1, 3, 5, 5]);
  });
});
