import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.js';
import { RunningProgram } from './running-program.js';
import { until } from './until.js';

const API_MAIN = fileURLToPath(new URL('../../../../apps/api/dist/main.js', import.meta.url));

/** The built API with the model that ships, as a process of its own. */
export class ClaasService {
  private constructor(
    readonly url: string,
    private readonly program: RunningProgram,
  ) {}

  /** @param folder made if it isn't there; everything that the service keeps lies in it */
  static async start(folder: string): Promise<ClaasService> {
    await mkdir(folder, { recursive: true });
    const port = await freePort();
    const program = new RunningProgram(process.execPath, [API_MAIN], folder, {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'),
      CLAAS_API_PORT: String(port),
    });
    const service = new ClaasService(`http://127.0.0.1:${port}`, program);
    await until('the API to be ready', 180, () => service.isReady());
    return service;
  }

  stop(): Promise<void> {
    return this.program.stop();
  }

  get<T>(route: string): Promise<T> {
    return this.request<T>(route);
  }

  post<T>(route: string, body: unknown): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return this.request<T>(route, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  /** What a streamed answer says, and its id. @throws Error with the service's words when it refuses */
  async chat(request: unknown): Promise<{ readonly id: string; readonly text: string }> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${this.url}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify(request),
    });
    const body = await response.text();
    if (!response.ok) throw new Error(`${response.status}: ${body}`);
    const chunks = body
      .split('\n\n')
      .filter((event) => event.startsWith('data: {'))
      .map((event) => JSON.parse(event.slice('data: '.length)) as CompletionChunk);
    return {
      id: chunks[0]!.id,
      text: chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''),
    };
  }

  private async request<T>(route: string, options?: RequestInit): Promise<T> {
    const response = await fetch(this.url + route, options);
    const body = await response.text();
    if (!response.ok) throw new Error(`${route} answers ${response.status}: ${body}`);
    return JSON.parse(body) as T;
  }

  private async isReady(): Promise<boolean> {
    if (!this.program.isRunning) throw new Error(`The API ended:\n${this.program.output}`);
    return fetch(`${this.url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}

interface CompletionChunk {
  readonly id: string;
  readonly choices: readonly { readonly delta: { readonly content?: string | null } }[];
}
