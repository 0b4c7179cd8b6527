import { ClaasError } from '@claas/contracts';

/** `prompt_logprobs[t]` of a completion: null at the first position. Its order is not kept by JSON.parse: integer-like keys are sorted. */
export type PromptLogprobsRow = Readonly<
  Record<string, { readonly logprob: number; readonly rank?: number | null }>
> | null;

export interface CompletionReply {
  readonly choices?: readonly { readonly prompt_logprobs?: readonly PromptLogprobsRow[] | null }[];
}

/** The rows of the last `count` of `length` prompt tokens. @throws ClaasError `serving_failed` when they are not all there */
export function responseRows(
  reply: CompletionReply,
  length: number,
  count: number,
): readonly NonNullable<PromptLogprobsRow>[] {
  const rows = reply.choices?.[0]?.prompt_logprobs;
  if (rows?.length !== length) {
    const found = rows?.length ?? 'none';
    throw new ClaasError('serving_failed', `The server gave log-probs for ${found} of ${length} prompt tokens.`);
  }
  return rows.slice(length - count).map((row) => {
    if (row === null) throw new ClaasError('serving_failed', 'The server gave no log-prob for a response token.');
    return row;
  });
}

/** @throws ClaasError `serving_failed` when the row is not about this token */
export function logprobOf(row: NonNullable<PromptLogprobsRow>, tokenId: number): number {
  const logprob = row[String(tokenId)]?.logprob;
  if (typeof logprob !== 'number' || !Number.isFinite(logprob)) {
    throw new ClaasError('serving_failed', `The server gave no log-prob for token ${tokenId}.`, { token_id: tokenId });
  }
  return logprob;
}
