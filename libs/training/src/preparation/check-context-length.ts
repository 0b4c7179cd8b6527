import { ClaasError } from '@claas/contracts';

/** @throws ClaasError `context_too_long` when prompt and response together exceed what the model was made for */
export function checkContextLength(lengths: {
  readonly promptTokens: number;
  readonly responseTokens: number;
  readonly contextLength: number;
}): void {
  const { promptTokens, responseTokens, contextLength } = lengths;
  if (promptTokens + responseTokens <= contextLength) return;
  throw new ClaasError(
    'context_too_long',
    `The conversation has ${promptTokens} tokens and the response ${responseTokens}, together ${promptTokens + responseTokens}; the base model allows ${contextLength}. Send a shorter conversation or response.`,
    { prompt_tokens: promptTokens, response_tokens: responseTokens, context_length: contextLength },
  );
}
