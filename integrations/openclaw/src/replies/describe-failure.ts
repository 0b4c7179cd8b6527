import { ClaasProblem, isTemporary } from '../claas/claas-error.js';

/** Words for somebody in a chat, by the API's code. Codes that are not here are the operator's business. */
const WORDS: Readonly<Record<string, string>> = {
  completion_not_found: 'I no longer have that answer on record. Ask again, and give feedback on the new answer.',
  completion_not_of_adapter: 'That answer came from another model than the one that learns here.',
  adapter_not_found: 'The model that should learn does not exist. The owner of this bot has to create it.',
  context_too_long: 'Our conversation is too long to learn from. Start anew with /new, ask again, and tell me then.',
  response_empty: 'There was nothing in that answer to learn from.',
  step_not_finite: 'Learning from this would have damaged the model, so it was not applied. Try other words.',
  verification_failed: 'I could not make sure that it was learned, so I went back to how I was before.',
  idempotency_conflict: 'I have heard this already.',
  adapter_version_not_found: 'The version before is no longer kept, so this can’t be taken back.',
  service_overloaded: 'Too many people are teaching at once. Try again in a minute.',
  serving_not_idle: 'I was too busy talking to learn. Try again in a minute.',
  storage_unavailable: 'What I learn can’t be saved at the moment. Try again later.',
};

/** What went wrong, for the person in the chat. */
export function describeFailure(error: unknown): string {
  if (isTemporary(error)) return 'The learning service can’t be reached. Try again in a while.';
  if (!(error instanceof ClaasProblem)) return `Something went wrong: ${String(error)}`;
  if (error.code === null && [401, 403].includes(error.status))
    return 'The learning service doesn’t accept this bot’s key.';
  return describeCode(error.code, error.detail);
}

export function describeCode(code: string | null, detail: string): string {
  const words = WORDS[code ?? ''];
  if (words !== undefined) return words;
  if (code === 'request_invalid') return `The learning service refuses the bot’s settings: ${detail}`;
  return `The learning service says: ${detail}`;
}
