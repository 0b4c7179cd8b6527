import { ClaasError, type Rollout } from '@claas/contracts';

/** What of a response is trained on: its tokens, and their log-probs at sampling time where they are known. */
export interface CheckedResponse {
  readonly tokenIds: readonly number[];
  readonly rolloutLogprobs: readonly number[] | null;
}

/** A text response as tokens: plainly encoded, without the end-of-turn token. */
export interface TokenizedText {
  readonly tokenIds: readonly number[];
  /** Null where the model has none. */
  readonly endOfTurnTokenId: number | null;
}

/**
 * Matches a response with its `rollout_logprobs`. Token ids are taken as they are. A text ends with the end-of-turn token,
 * unless its log-probs are as many as its tokens without it: then the answer was cut by length and did not end by itself.
 * @throws ClaasError `response_empty`, `rollout_logprobs_mismatch`, `request_invalid`
 */
export function checkResponse(
  rollout: Pick<Rollout, 'response' | 'rolloutLogprobs'>,
  tokenize: (text: string) => TokenizedText,
): CheckedResponse {
  const { rolloutLogprobs } = rollout;
  rolloutLogprobs?.forEach(assertFinite);
  if ('tokenIds' in rollout.response) {
    const { tokenIds } = rollout.response;
    if (tokenIds.length === 0) throw responseEmpty();
    if (rolloutLogprobs !== null && rolloutLogprobs.length !== tokenIds.length) {
      throw mismatch(rolloutLogprobs.length, [tokenIds.length], `The response has ${tokenIds.length} tokens`);
    }
    return { tokenIds, rolloutLogprobs };
  }

  const { tokenIds, endOfTurnTokenId } = tokenize(rollout.response.text);
  if (tokenIds.length === 0) throw responseEmpty();
  if (rolloutLogprobs?.length === tokenIds.length) return { tokenIds, rolloutLogprobs };
  if (endOfTurnTokenId === null) {
    if (rolloutLogprobs === null) return { tokenIds, rolloutLogprobs };
    throw mismatch(rolloutLogprobs.length, [tokenIds.length], `The response has ${tokenIds.length} tokens`);
  }
  const ended = [...tokenIds, endOfTurnTokenId];
  if (rolloutLogprobs !== null && rolloutLogprobs.length !== ended.length) {
    throw mismatch(
      rolloutLogprobs.length,
      [tokenIds.length, ended.length],
      `The response has ${tokenIds.length} tokens, ${ended.length} with the end-of-turn token`,
    );
  }
  return { tokenIds: ended, rolloutLogprobs };
}

function assertFinite(logprob: number, index: number): void {
  if (Number.isFinite(logprob)) return;
  throw new ClaasError('request_invalid', `rollout_logprobs[${index}] is not a finite number: ${String(logprob)}.`, {
    index,
  });
}

function responseEmpty(): ClaasError {
  return new ClaasError(
    'response_empty',
    'The response has no tokens, so there is nothing to learn from. Send the answer that the feedback is about.',
  );
}

function mismatch(received: number, accepted: readonly number[], counts: string): ClaasError {
  return new ClaasError(
    'rollout_logprobs_mismatch',
    `${counts}, but rollout_logprobs has ${received} values. Send one log-prob for each response token as the model sampled it, or leave rollout_logprobs out.`,
    { received, accepted },
  );
}
