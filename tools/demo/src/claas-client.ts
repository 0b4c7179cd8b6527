import { request } from 'undici';

export interface Completion {
  readonly id: string;
  readonly text: string;
}

/** The part of a feedback's outcome that the demo shows. */
export interface FeedbackOutcome {
  readonly version: number;
  readonly gapBefore: number;
  readonly gapAfter: number;
}

export interface Training {
  readonly learning_rate: number;
  readonly alpha: number;
}

interface ChatReply {
  readonly id: string;
  readonly choices: readonly [{ readonly message: { readonly content: string } }];
}

interface FeedbackReply {
  readonly version: number;
  readonly receipt: { readonly gap_before: number; readonly gap_after: number };
}

/** A client of the HTTP API, the calls that a person would make with curl. */
export class ClaasClient {
  constructor(private readonly baseUrl: string) {}

  /** Creates an adapter; its name to chat with is `loraId` itself. */
  async init(loraId: string, seed: number): Promise<void> {
    await this.post('/v1/lora/init', { lora_id: loraId, lora_r: 8, lora_alpha: 16, seed });
  }

  async remove(loraId: string): Promise<void> {
    await this.send('DELETE', `/v1/lora?lora_id=${encodeURIComponent(loraId)}`);
  }

  async chat(model: string, question: string, sampling: { temperature: number; seed: number }): Promise<Completion> {
    const messages = [{ role: 'user', content: question }];
    const reply = (await this.post('/v1/chat/completions', {
      model,
      messages,
      max_completion_tokens: 130,
      top_p: 1,
      ...sampling,
    })) as ChatReply;
    return { id: reply.id, text: reply.choices[0].message.content };
  }

  async feedback(
    loraId: string,
    completion: Completion,
    feedback: string,
    training: Training,
  ): Promise<FeedbackOutcome> {
    const body = { lora_id: loraId, completion_id: completion.id, feedback, training };
    const { version, receipt } = (await this.post('/v1/feedback', body)) as FeedbackReply;
    return { version, gapBefore: receipt.gap_before, gapAfter: receipt.gap_after };
  }

  async isHealthy(): Promise<boolean> {
    const { statusCode, body } = await request(`${this.baseUrl}/v1/health`);
    await body.dump();
    return statusCode === 200;
  }

  private post(path: string, body: object): Promise<unknown> {
    return this.send('POST', path, body);
  }

  private async send(method: 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
    const response = await request(`${this.baseUrl}${path}`, {
      method,
      headersTimeout: 600_000,
      bodyTimeout: 600_000,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.body.text();
    if (response.statusCode !== 200) throw new Error(`${method} ${path} answered ${response.statusCode}: ${text}`);
    return JSON.parse(text);
  }
}
