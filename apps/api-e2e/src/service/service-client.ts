import { Agent, request } from 'undici';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- replies are asserted on, field by field, by the tests
type Json = any;

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Json;
  readonly bytes: Buffer;
}

const PATIENT = new Agent({ headersTimeout: 300_000, bodyTimeout: 300_000 });

/** Plain HTTP, and the few calls that most tests begin with. */
export class ServiceClient {
  constructor(private readonly baseUrl: string) {}

  get(path: string): Promise<Reply> {
    return this.send('GET', path);
  }

  delete(path: string): Promise<Reply> {
    return this.send('DELETE', path);
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    return this.send('POST', path, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
  }

  /** The body as it stands, for JSON that JSON.stringify would not write and for archives. */
  postRaw(path: string, body: string | Buffer, contentType: string): Promise<Reply> {
    return this.send('POST', path, body, { 'content-type': contentType });
  }

  /** A small adapter; the reply's real id ends in `-init`. */
  async init(loraId: string, seed = 1): Promise<string> {
    const reply = await this.post('/v1/lora/init', { lora_id: loraId, lora_r: 8, lora_alpha: 16, seed });
    if (reply.status !== 200) throw new Error(`init answered ${reply.status}: ${reply.bytes.toString()}`);
    return reply.body.lora_id;
  }

  async chat(model: string, question: string, changes: object = {}): Promise<Json> {
    const reply = await this.post('/v1/chat/completions', {
      model,
      messages: [{ role: 'user', content: question }],
      max_completion_tokens: 40,
      temperature: 1,
      top_p: 1,
      seed: 7,
      ...changes,
    });
    if (reply.status !== 200) throw new Error(`chat answered ${reply.status}: ${reply.bytes.toString()}`);
    return reply.body;
  }

  private async send(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const response = await request(`${this.baseUrl}${path}`, {
      method,
      headers,
      dispatcher: PATIENT,
      body: body ?? null,
    });
    const bytes = Buffer.from(await response.body.arrayBuffer());
    return { status: response.statusCode, headers: response.headers, body: parse(bytes), bytes };
  }
}

function parse(bytes: Buffer): Json {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}
