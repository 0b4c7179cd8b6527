import { TokenTextStream } from '@claas/core-model/text';
import type { Tokenizer } from '@claas/core-model/text';

/**
 * Each token's own text; joined they are the response's text. A character that is spread over several tokens
 * stands with the last of them, and special tokens (the end of the turn) have none.
 */
export function tokenTexts(tokenizer: Tokenizer, tokenIds: readonly number[]): string[] {
  const stream = TokenTextStream.of(tokenizer, { skipSpecialTokens: true });
  const texts = tokenIds.map((tokenId) => stream.push(tokenId));
  const rest = stream.flush();
  const last = texts.pop();
  return last === undefined ? [] : [...texts, last + rest];
}
