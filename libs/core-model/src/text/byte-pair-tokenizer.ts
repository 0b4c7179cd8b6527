import * as library from '@huggingface/tokenizers';

/** The part of the library's tokenizer that is used here. */
export interface BytePairTokenizer {
  /** Merges and vocabulary; the large part, which two tokenizers may share. */
  model: unknown;
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: number[] };
  decode(
    ids: readonly number[],
    options: { readonly skip_special_tokens: boolean; readonly clean_up_tokenization_spaces: boolean },
  ): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(): ReadonlyMap<string, number>;
}

/** Makes a tokenizer of the contents of `tokenizer.json` and `tokenizer_config.json`. */
export function bytePairTokenizer(tokenizer: object, config: object): BytePairTokenizer {
  return new Tokenizer(tokenizer, config);
}

// The package's own declarations import one another without file endings, so that `nodenext` finds no types in them.
const { Tokenizer } = library as unknown as {
  readonly Tokenizer: new (tokenizer: object, config: object) => BytePairTokenizer;
};
