import { join } from 'node:path';
import { modelDirectoryError } from '../errors/model-directory-error.js';
import { bytePairTokenizer, type BytePairTokenizer } from './byte-pair-tokenizer.js';
import { SpecialTokenGuard } from './special-token-guard.js';
import { readTokenizerFiles, type AddedTokenEntry, type TokenizerFiles } from './tokenizer-files.js';

/**
 * `honour`: text that reads like a special token is that token, as in a rendered chat template.
 * `plain`: it is ordinary text, as in what a user wrote. Added tokens that aren't special (`<think>`) are tokens in both.
 */
export type SpecialTokenHandling = 'honour' | 'plain';

export interface EncodeOptions {
  readonly specialTokens: SpecialTokenHandling;
  /** Adds what the tokenizer puts around a bare text (for Llama a begin-of-text token). Not for rendered templates. Default false. */
  readonly addSpecialTokens?: boolean;
}

export interface DecodeOptions {
  readonly skipSpecialTokens: boolean;
}

/** A model's own byte-pair tokenizer, from its `tokenizer.json`. */
export class Tokenizer {
  /** One more than the largest token id; at most the rows of the model's embedding, which is often padded. */
  readonly vocabularySize: number;
  /** Ids of the special (control) tokens by their text. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** `bos_token`, `eos_token` and so on as the tokenizer's config names them, by those names. */
  readonly namedTokens: Readonly<Record<string, string>>;
  /** Does a token stand for bytes, so that a character may be spread over several? */
  readonly byteLevel: boolean;
  /** Tells special tokens in a template from the same text in a message. */
  readonly guard: SpecialTokenGuard;

  private readonly honouring: BytePairTokenizer;
  private readonly guarded: BytePairTokenizer;
  private readonly specialIds: ReadonlySet<number>;
  private readonly addedTexts: ReadonlyMap<number, string>;

  private constructor(files: TokenizerFiles) {
    this.namedTokens = files.namedTokens;
    this.byteLevel = files.byteLevel;
    this.addedTexts = new Map(files.addedTokens.map((token) => [token.id, token.content]));
    this.specialTokens = new Map(
      files.addedTokens.filter((token) => token.special).map((token) => [token.content, token.id]),
    );
    this.specialIds = new Set(this.specialTokens.values());
    this.guard = new SpecialTokenGuard([...this.specialTokens.keys()]);

    this.honouring = bytePairTokenizer({ ...files.tokenizer, added_tokens: files.addedTokens }, files.config);
    this.guarded = this.guardedTokenizer(files);
    this.vocabularySize = this.honouring.get_vocab().size;
  }

  /**
   * Loads `tokenizer.json` and, where there is one, `tokenizer_config.json`.
   * @throws ModelDirectoryError when the tokenizer is missing, damaged, or not byte-pair encoding
   */
  static async load(directory: string): Promise<Tokenizer> {
    const files = await readTokenizerFiles(directory);
    try {
      return new Tokenizer(files);
    } catch (error) {
      const file = join(directory, 'tokenizer.json');
      throw modelDirectoryError(
        { file, expected: 'a tokenizer that can be run', found: String(error) },
        { cause: error },
      );
    }
  }

  encode(text: string, options: EncodeOptions): number[] {
    const tokenizer = options.specialTokens === 'honour' ? this.honouring : this.guarded;
    return this.run(tokenizer, text, options.addSpecialTokens ?? false);
  }

  /** Encodes text in which special tokens are marked by `guard.mark`; all else is ordinary text. */
  encodeMarked(text: string): number[] {
    return this.run(this.guarded, text, false);
  }

  /** The text of tokens; ids that the tokenizer doesn't know (padding of the embedding) have none. */
  decode(ids: readonly number[], options: DecodeOptions): string {
    const known = ids.filter((id) => this.knows(id) && !(options.skipSpecialTokens && this.specialIds.has(id)));
    if (known.length === 0) return '';
    return this.honouring.decode(known, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  }

  /** One token's own text; part of a character reads as U+FFFD. `TokenTextStream` puts parts together. */
  tokenText(id: number): string {
    return this.decode([id], { skipSpecialTokens: false });
  }

  /** The entry of the vocabulary as it is written there; null for an unknown id. */
  vocabularyEntry(id: number): string | null {
    return this.knows(id) ? (this.honouring.id_to_token(id) ?? null) : null;
  }

  /** The text of an added token (special or not); null for an ordinary one. */
  addedTokenText(id: number): string | null {
    return this.addedTexts.get(id) ?? null;
  }

  /** The id of exactly this vocabulary entry; null when there is none. */
  tokenId(token: string): number | null {
    return this.honouring.token_to_id(token) ?? null;
  }

  isSpecial(id: number): boolean {
    return this.specialIds.has(id);
  }

  private knows(id: number): boolean {
    return Number.isSafeInteger(id) && id >= 0 && this.honouring.id_to_token(id) !== undefined;
  }

  private run(tokenizer: BytePairTokenizer, text: string, addSpecialTokens: boolean): number[] {
    if (text === '' && !addSpecialTokens) return [];
    return tokenizer.encode(text, { add_special_tokens: addSpecialTokens }).ids;
  }

  /**
   * The same tokenizer, except that a special token is recognised by its mark instead of its text.
   * It is built with an empty vocabulary and then shares the other's, which is large.
   */
  private guardedTokenizer(files: TokenizerFiles): BytePairTokenizer {
    const addedTokens: AddedTokenEntry[] = files.addedTokens.map((token) =>
      token.special ? { ...token, content: this.guard.markOf(token.content), normalized: false } : token,
    );
    const model = { ...files.tokenizer.model, vocab: {}, merges: [] };
    const config = { ...files.config, additional_special_tokens: [] };
    const guarded = bytePairTokenizer({ ...files.tokenizer, added_tokens: addedTokens, model }, config);
    guarded.model = this.honouring.model;
    return guarded;
  }
}
