import type { VllmHttp } from '../http/vllm-http.js';
import { logprobOf, responseRows } from './prompt-logprobs.js';
import type { CompletionReply } from './prompt-logprobs.js';

/** Asks a server how likely given tokens are. Asking for log-probs of the prompt also makes it pass its prefix cache by. */
export class TokenScorer {
  constructor(
    private readonly http: VllmHttp,
    private readonly timeoutMs: number,
  ) {}

  /** log p of each response token after the prompt, at temperature 1, in nats; one number each. */
  async score(model: string, prompt: readonly number[], response: readonly number[]): Promise<readonly number[]> {
    if (response.length === 0) return [];
    const body = { model, prompt: [...prompt, ...response], max_tokens: 1, temperature: 0, prompt_logprobs: 0 };
    const call = { method: 'POST', path: '/v1/completions', body, timeoutMs: this.timeoutMs } as const;
    const reply = (await this.http.askJson(call)) as CompletionReply;
    const rows = responseRows(reply, prompt.length + response.length, response.length);
    return rows.map((row, t) => logprobOf(row, response[t] ?? -1));
  }
}
