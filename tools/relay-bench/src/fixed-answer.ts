type Body = Readonly<Record<string, unknown>>;

const WORDS =
  'It is Paris, the capital of France, a lively city in Europe where people speak French all day long.'.split(/(?<= )/);
let answers = 0;

function ids(body: Body, tokens: readonly number[]): readonly number[] | null {
  return body['return_token_ids'] === true ? tokens : null;
}

function logprobs(body: Body, from: number, to: number): object | null {
  if (body['logprobs'] !== true) return null;
  const content = WORDS.slice(from, to).map((token, i) => ({
    token,
    logprob: -0.12345678 * (from + i + 1),
    bytes: [...Buffer.from(token)],
    top_logprobs: [],
  }));
  return { content };
}

function head(body: Body, object: string): object {
  answers += 1;
  return { id: `chatcmpl-${answers}-${process.pid}`, object, created: 1_795_000_000, model: body['model'] };
}

const PROMPT = Array.from({ length: 24 }, (_, i) => 100 + i);
const TOKENS = WORDS.map((_, i) => 1000 + i);

/** One whole chat completion, as vLLM writes it. */
export function answerOf(body: Body): string {
  const choice = {
    index: 0,
    message: { role: 'assistant', content: WORDS.join(''), refusal: null, tool_calls: [] },
    logprobs: logprobs(body, 0, WORDS.length),
    finish_reason: 'stop',
    stop_reason: null,
    token_ids: ids(body, TOKENS),
  };
  const usage = {
    prompt_tokens: PROMPT.length,
    total_tokens: PROMPT.length + TOKENS.length,
    completion_tokens: TOKENS.length,
  };
  const end = { usage, prompt_logprobs: null, prompt_token_ids: ids(body, PROMPT) };
  return JSON.stringify({ ...head(body, 'chat.completion'), choices: [choice], ...end });
}

/** The same as server-sent events, one a token. */
export function eventsOf(body: Body): readonly string[] {
  const frame = head(body, 'chat.completion.chunk');
  const event = (choice: object, more: object = {}): string =>
    `data: ${JSON.stringify({ ...frame, choices: [{ index: 0, ...choice }], ...more })}\n\n`;
  const first = event(
    { delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null },
    { prompt_token_ids: ids(body, PROMPT) },
  );
  const tokens = WORDS.map((content, i) => {
    const finish_reason = i === WORDS.length - 1 ? 'stop' : null;
    const token_ids = ids(body, TOKENS.slice(i, i + 1));
    return event({ delta: { content }, logprobs: logprobs(body, i, i + 1), finish_reason, token_ids });
  });
  return [first, ...tokens, 'data: [DONE]\n\n'];
}
