import { scoreTokens } from '@claas/core-model';
import { TokenTextStream } from '@claas/core-model/text';
import type { Tokenizer } from '@claas/core-model/text';
import { promptTokens } from '../text/prompt-tokens.js';
import type { MethodHandler } from './method-table.js';

/** log p of given tokens; a completion as text is taken as an answer's text, where nothing is a special token. */
export const score: MethodHandler<'score'> = async (session, request, { signal }) => {
  const model = session.requireModel();
  const { completion } = request;
  const promptTokenIds = promptTokens(model, request.prompt);
  const tokenIds =
    'tokenIds' in completion
      ? completion.tokenIds
      : model.tokenizer.encode(completion.text, { specialTokens: 'plain' });
  model.model.assertFits(promptTokenIds.length, tokenIds.length);
  return session.accelerator.run('shared', signal, () =>
    model.withAdapter(request.adapter?.directory ?? null, async (adapter) => {
      const logprobs = await scoreTokens(model.model, adapter, promptTokenIds, tokenIds, { signal });
      return { promptTokenIds, tokenIds, tokens: tokenTexts(model.tokenizer, tokenIds), logprobs };
    }),
  );
};

/** One text for each token; joined they are the whole, so a character belongs to the token that completes it. */
function tokenTexts(tokenizer: Tokenizer, tokenIds: readonly number[]): string[] {
  const stream = TokenTextStream.of(tokenizer, { skipSpecialTokens: false });
  const texts = tokenIds.map((id) => stream.push(id));
  return texts.map((text, index) => (index === texts.length - 1 ? text + stream.flush() : text));
}
