import { randomBytes } from 'node:crypto';

/**
 * Tells a special token that a chat template wrote from the same text in a message.
 *
 * Message texts are disguised before the template is rendered: each special token's text becomes a stand-in.
 * What reads like a special token in the result is then the template's own and is marked; after that the stand-ins become text again.
 * Stand-ins and marks carry random bits, so that no message can contain them.
 */
export class SpecialTokenGuard {
  private readonly tokens: RegExp | null;
  private readonly standIns: RegExp;
  private readonly nonce = randomBytes(12).toString('hex');
  private readonly numbers: ReadonlyMap<string, number>;

  constructor(private readonly specialTokens: readonly string[]) {
    this.numbers = new Map(specialTokens.map((token, number) => [token, number]));
    const longestFirst = [...specialTokens].sort((a, b) => b.length - a.length).map((token) => escapeForRegExp(token));
    this.tokens = longestFirst.length === 0 ? null : new RegExp(longestFirst.join('|'), 'g');
    this.standIns = new RegExp(`\uE000text-${this.nonce}-(\\d+)\uE001`, 'g');
  }

  /** Does the text contain a special token's text? */
  finds(text: string): boolean {
    return this.tokens !== null && text.search(this.tokens) !== -1;
  }

  /** A message's text with stand-ins for special tokens. */
  disguise(text: string): string {
    return this.replace(text, (number) => `\uE000text-${this.nonce}-${number}\uE001`);
  }

  /** Marks every special token in a rendered template, then puts the disguised texts back. */
  markAndReveal(rendered: string): string {
    const marked = this.replace(rendered, (number) => this.mark(number));
    return marked.replace(this.standIns, (_, number: string) => this.specialTokens[Number(number)] ?? '');
  }

  /** By what `markAndReveal` replaces a special token. */
  markOf(token: string): string {
    const number = this.numbers.get(token);
    if (number === undefined) throw new RangeError(`Not a special token: ${token}`);
    return this.mark(number);
  }

  private mark(number: number): string {
    return `\uE000token-${this.nonce}-${number}\uE001`;
  }

  private replace(text: string, replacement: (number: number) => string): string {
    if (this.tokens === null) return text;
    return text.replace(this.tokens, (token) => replacement(this.numbers.get(token) ?? -1));
  }
}

function escapeForRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
