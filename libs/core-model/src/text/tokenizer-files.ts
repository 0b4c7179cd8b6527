import { join } from 'node:path';
import { JsonFields } from '../config/json-fields.js';
import { ModelDirectoryError, modelDirectoryError } from '../errors/model-directory-error.js';

/** A token beside the vocabulary, as `tokenizer.json` lists it. */
export interface AddedTokenEntry {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly normalized?: boolean;
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
  readonly single_word?: boolean;
}

/** What a model's directory says of its tokenizer. */
export interface TokenizerFiles {
  /** `tokenizer.json` */
  readonly tokenizer: Readonly<Record<string, unknown>> & { readonly model: Readonly<Record<string, unknown>> };
  /** `tokenizer_config.json`, `{}` when there is none. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Of both files together. */
  readonly addedTokens: readonly AddedTokenEntry[];
  /** `bos_token`, `eos_token`, … that are set. */
  readonly namedTokens: Readonly<Record<string, string>>;
  readonly byteLevel: boolean;
}

const TOKEN_NAMES = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
] as const;

/** @throws ModelDirectoryError when `tokenizer.json` is missing or of a kind that can't be run here */
export async function readTokenizerFiles(directory: string): Promise<TokenizerFiles> {
  const file = join(directory, 'tokenizer.json');
  const tokenizer = await JsonFields.read(file, modelDirectoryError);
  const configFile = join(directory, 'tokenizer_config.json');
  const config =
    (await JsonFields.readIfPresent(configFile, modelDirectoryError)) ??
    JsonFields.parse(configFile, '{}', modelDirectoryError);

  const model = tokenizer.nested('model');
  if (model === null) throw tokenizer.problem('model', 'an object', undefined);
  if (model.raw('type') !== 'BPE') throw tokenizer.problem('model.type', "'BPE'", model.raw('type'));

  const namedTokens = readNamedTokens(config);
  const listed = [...readListedTokens(file, tokenizer), ...readConfigTokens(config)];
  const special = new Set([...Object.values(namedTokens), ...config.strings('additional_special_tokens')]);
  const byId = new Map<number, AddedTokenEntry>();
  for (const token of listed) {
    const earlier = byId.get(token.id);
    const isSpecial = token.special || earlier?.special === true || special.has(token.content);
    byId.set(token.id, { ...(earlier ?? token), special: isSpecial });
  }

  return {
    tokenizer: { ...tokenizer.all(), model: model.all() },
    config: config.all(),
    addedTokens: [...byId.values()],
    namedTokens,
    byteLevel: isByteLevel(tokenizer.raw('decoder')),
  };
}

function readListedTokens(file: string, tokenizer: JsonFields): AddedTokenEntry[] {
  const tokens = tokenizer.raw('added_tokens') ?? [];
  if (!Array.isArray(tokens) || !tokens.every(isAddedToken)) {
    const found = JSON.stringify(tokens).slice(0, 120);
    throw new ModelDirectoryError({
      file,
      field: 'added_tokens',
      expected: 'a list of tokens with id and content',
      found,
    });
  }
  return tokens.map((token) => ({ ...token, special: token.special === true }));
}

/** Tokens that only `tokenizer_config.json` knows of; transformers adds them too. */
function readConfigTokens(config: JsonFields): AddedTokenEntry[] {
  const decoder = config.nested('added_tokens_decoder');
  if (decoder === null) return [];
  return decoder.keys().map((key) => {
    const token: unknown = { ...(decoder.raw(key) as object | null), id: Number(key) };
    if (!isAddedToken(token)) throw decoder.problem(key, 'a token with content', decoder.raw(key));
    return { ...token, special: token.special === true };
  });
}

/** A token is named by its text, or by an object with its text. */
function readNamedTokens(config: JsonFields): Record<string, string> {
  const named: Record<string, string> = {};
  for (const name of TOKEN_NAMES) {
    const value = config.raw(name);
    const text: unknown =
      typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value;
    if (typeof text === 'string') named[name] = text;
    else if (config.has(name)) throw config.problem(name, 'a token or null', value);
  }
  return named;
}

function isAddedToken(value: unknown): value is Omit<AddedTokenEntry, 'special'> & { readonly special?: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  const { id, content } = value as { id?: unknown; content?: unknown };
  return Number.isSafeInteger(id) && typeof content === 'string' && content.length > 0;
}

/** Byte-level decoding stands alone, or last in a sequence. */
function isByteLevel(decoder: unknown): boolean {
  if (typeof decoder !== 'object' || decoder === null) return false;
  const { type, decoders } = decoder as { type?: unknown; decoders?: unknown };
  return type === 'ByteLevel' || (type === 'Sequence' && Array.isArray(decoders) && decoders.some(isByteLevel));
}
