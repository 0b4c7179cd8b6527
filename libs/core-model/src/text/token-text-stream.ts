import { TextDecoder } from 'node:util';
import { byteLevelBytes } from './byte-level-bytes.js';
import type { DecodeOptions, Tokenizer } from './tokenizer.js';

/**
 * Turns tokens into text one by one, holding back characters that aren't complete yet.
 * All that `push` and `flush` return, joined, is `decode` of all tokens.
 */
export abstract class TokenTextStream {
  /** The stream that suits the tokenizer. */
  static of(tokenizer: Tokenizer, options: DecodeOptions): TokenTextStream {
    return tokenizer.byteLevel ? new ByteTextStream(tokenizer, options) : new WindowTextStream(tokenizer, options);
  }

  /** The text that this token makes final; empty while a character is incomplete. */
  abstract push(id: number): string;

  /** The rest: U+FFFD for bytes that never became a character. The stream is as new afterwards. */
  abstract flush(): string;
}

/** For byte-level tokenizers: tokens are bytes, and UTF-8 says where a character ends. */
class ByteTextStream extends TokenTextStream {
  private decoder = newDecoder();

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly options: DecodeOptions,
  ) {
    super();
  }

  push(id: number): string {
    if (this.options.skipSpecialTokens && this.tokenizer.isSpecial(id)) return '';
    const added = this.tokenizer.addedTokenText(id);
    if (added !== null) return this.flush() + added;
    const entry = this.tokenizer.vocabularyEntry(id);
    return entry === null ? '' : this.decoder.decode(byteLevelBytes(entry), { stream: true });
  }

  flush(): string {
    const rest = this.decoder.decode();
    this.decoder = newDecoder();
    return rest;
  }
}

/**
 * For all others: decodes the new tokens behind those that went out last, and takes what was added.
 * The context is needed since a token may read differently at the start of a text; it begins where a character begins.
 */
class WindowTextStream extends TokenTextStream {
  private context: readonly number[] = [];
  private pending: number[] = [];

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly options: DecodeOptions,
  ) {
    super();
  }

  push(id: number): string {
    this.pending.push(id);
    const added = this.pendingText();
    if (added === '' || added.endsWith('\uFFFD')) return '';
    this.context = this.pending;
    this.pending = [];
    return added;
  }

  flush(): string {
    const rest = this.pendingText();
    this.context = [];
    this.pending = [];
    return rest;
  }

  private pendingText(): string {
    const known = this.tokenizer.decode(this.context, this.options);
    return this.tokenizer.decode([...this.context, ...this.pending], this.options).slice(known.length);
  }
}

/** A byte order mark is text like any other. */
function newDecoder(): TextDecoder {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}
