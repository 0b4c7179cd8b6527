/** A completion as the client asks for it: whatever vLLM understands. */
export type RelayBody = Readonly<Record<string, unknown>>;

export type RelayPath = '/v1/chat/completions' | '/v1/completions';

/**
 * The body for the server: the client's, with the model's own name, and with token ids and log-probs asked for. The
 * client's `request_id` is left out: the server would make it the completion's id, which must be nobody's choice.
 */
export function bodyForServer(path: RelayPath, body: RelayBody, model: string, temperature: number | null): string {
  const asked = path === '/v1/completions' ? completionLogprobs(body) : chatLogprobs(body);
  const sampling = isGiven(body['temperature']) || temperature === null ? {} : { temperature };
  return JSON.stringify({ ...body, request_id: undefined, model, ...sampling, ...asked, return_token_ids: true });
}

export function showsTokenIds(body: RelayBody): boolean {
  return body['return_token_ids'] === true;
}

export function showsLogprobs(path: RelayPath, body: RelayBody): boolean {
  return path === '/v1/completions' ? isGiven(body['logprobs']) : body['logprobs'] === true;
}

function completionLogprobs(body: RelayBody): RelayBody {
  return isGiven(body['logprobs']) ? {} : { logprobs: 0 };
}

/** A request that the server would refuse (alternatives without log-probs) is left for it to refuse. */
function chatLogprobs(body: RelayBody): RelayBody {
  if (body['logprobs'] === true || Number(body['top_logprobs'] ?? 0) > 0) return {};
  return { logprobs: true, top_logprobs: 0 };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
