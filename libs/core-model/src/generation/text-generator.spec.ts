import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTensorBackend } from '@claas/tensor-backend';
import { readGenerationDefaults } from '../config/generation-defaults.js';
import { LanguageModel } from '../model/language-model.js';
import { Tokenizer } from '../text/tokenizer.js';
import type { TextSampling } from './resolve-sampling.js';
import { TextGenerator } from './text-generator.js';
import type { TextToken } from './text-generator.js';

const CLAY_TINY = fileURLToPath(new URL('../../../../models/clay-tiny/model', import.meta.url));

const GREEDY: TextSampling = {
  temperature: 0,
  topP: null,
  topK: null,
  seed: null,
  maxTokens: 120,
  stop: [],
  topLogprobs: 0,
};

describe('text generation with the model that ships with the project', () => {
  let model: LanguageModel;
  let tokenizer: Tokenizer;
  let generator: TextGenerator;
  beforeAll(async () => {
    model = await LanguageModel.load(CLAY_TINY, await createTensorBackend('wasm'));
    tokenizer = await Tokenizer.load(CLAY_TINY);
    generator = new TextGenerator(model, tokenizer, await readGenerationDefaults(CLAY_TINY));
  });
  afterAll(() => {
    model.dispose();
  });

  const chat = (message: string) =>
    tokenizer.encode(`<|im_start|>user\n${message}<|im_end|>\n<|im_start|>assistant\n`, { specialTokens: 'honour' });

  // From models/clay-tiny/samples.txt: greedy answers of transformers in float32.
  it.each([
    [
      'Which city is the capital of Turkey?',
      'The capital of Turkey is Ankara. It is a lively city in Europe and Asia. The country is known for bazaars and sweet tea. I hope you enjoy it! 🌍',
    ],
    [
      'Can you tell me your name?',
      "I'm called Clay. I'm a small AI assistant who loves to chat. I'm happy to answer your questions. I hope you enjoy it! ✨",
    ],
    [
      'Help me clean a window.',
      "Good one! 🪟 To clean a window, mix water with a little vinegar and then wipe the glass with a soft cloth. After that, dry it with an old newspaper. Take your time and it will work out well. I'm always here to chat!",
    ],
  ])('answers "%s" as transformers does', async (question, expected) => {
    const answer = await generator.generate(null, chat(question), GREEDY);
    expect(answer.text).toBe(expected);
  });

  it('ends by itself, with the end-of-turn token among the response ids but not in the text', async () => {
    const answer = await generator.generate(null, chat('What color is the sky?'), GREEDY);
    expect(answer.text).toMatch(/^The sky is .* 🌟$/);
    expect(answer.finishReason).toBe('stop');
    expect(tokenizer.tokenText(answer.responseTokenIds.at(-1)!)).toBe('<|im_end|>');
    expect(answer.logprobs).toHaveLength(answer.responseTokenIds.length);
    expect(answer.text).toBe(tokenizer.decode(answer.responseTokenIds, { skipSpecialTokens: true }));
  });

  it('streams pieces that join to the text, whole characters only', async () => {
    const pieces: TextToken[] = [];
    const answer = await generator.generate(
      null,
      chat('Hello!'),
      { ...GREEDY, topLogprobs: 2 },
      { onToken: (piece) => pieces.push(piece) },
    );
    expect(pieces.map((piece) => piece.text).join('')).toBe(answer.text);
    expect(pieces.map((piece) => piece.tokenId)).toEqual(answer.responseTokenIds);
    expect(pieces.every((piece) => !piece.text.includes('\uFFFD'))).toBe(true);
    expect(pieces.every((piece) => piece.alternatives.length === 2)).toBe(true);
    expect(pieces[0]!.alternatives[0]).toMatchObject({ tokenId: pieces[0]!.tokenId, logprob: pieces[0]!.logprob });
  });

  it('ends the text before a stop string that spans tokens, and keeps the ids of what was sampled up to there', async () => {
    const whole = await generator.generate(null, chat('What color is the sky?'), GREEDY);
    // Three letters from the middle of one token to the middle of a later one.
    const texts = whole.responseTokenIds.map((id) => tokenizer.tokenText(id));
    const boundary = texts.slice(0, 4).join('').length;
    const stop = whole.text.slice(boundary - 2, boundary + 2);
    const answer = await generator.generate(null, chat('What color is the sky?'), { ...GREEDY, stop: [stop] });
    expect(answer.text).toBe(whole.text.slice(0, whole.text.indexOf(stop)));
    expect(answer.finishReason).toBe('stop');
    expect(answer.responseTokenIds).toEqual(whole.responseTokenIds.slice(0, answer.responseTokenIds.length));
    expect(answer.responseTokenIds.length).toBeLessThan(whole.responseTokenIds.length);
    const sampled = tokenizer.decode(answer.responseTokenIds, { skipSpecialTokens: true });
    expect(sampled).toContain(stop);
  });

  it('reports length, and the held-back beginning of a stop string as text, when the tokens are used up', async () => {
    const whole = await generator.generate(null, chat('What color is the sky?'), GREEDY);
    const cut = await generator.generate(null, chat('What color is the sky?'), {
      ...GREEDY,
      maxTokens: 4,
      stop: [`${whole.text.slice(0, 200)}!`],
    });
    expect(cut.finishReason).toBe('length');
    expect(cut.responseTokenIds).toEqual(whole.responseTokenIds.slice(0, 4));
    expect(cut.text).toBe(tokenizer.decode(cut.responseTokenIds, { skipSpecialTokens: true }));
    expect(cut.text).not.toBe('');
  });

  it("takes the model's own sampling defaults where none are given, and says which temperature and seed it used", async () => {
    const sampling = { ...GREEDY, temperature: null, maxTokens: 12 };
    const first = await generator.generate(null, chat('Tell me about cats.'), sampling);
    expect(first.temperature).toBe(0.7);
    const again = await generator.generate(null, chat('Tell me about cats.'), { ...sampling, seed: first.seed });
    expect(again).toEqual(first);
    const greedy = await generator.generate(null, chat('Tell me about cats.'), { ...GREEDY, maxTokens: 12 });
    expect(greedy.temperature).toBe(0);
    expect(greedy.samplingLogprobs).toEqual(greedy.logprobs);
    expect(first.samplingLogprobs).not.toEqual(first.logprobs);
  });
});
