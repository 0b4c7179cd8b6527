import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { CommandError } from '../errors/command-error.js';
import { ExitCode } from '../errors/exit-code.js';
import { followFeedback } from '../feedback/follow-feedback.js';
import { freePort } from '../testing/running-service.js';
import { ClaasClient } from './claas-client.js';
import { parseServiceUrl } from './service-url.js';
import type { FeedbackEvent } from './service-types.js';

const closings: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

/** A server that isn't a whole CLaaS: proxies, other programs, broken connections. */
async function serverThat(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closings.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function clientOf(url: string, key: string | null = null): ClaasClient {
  const client = new ClaasClient(url, key, new AbortController().signal);
  closings.push(() => client.close());
  return client;
}

async function failureOf(work: Promise<unknown>): Promise<CommandError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CommandError)) throw new Error(`no CommandError but ${String(error)}`);
  return error;
}

describe('an address', () => {
  it.each([
    ['localhost:8080', 'http://localhost:8080'],
    ['https://claas.example.org/', 'https://claas.example.org'],
    ['http://host/proxy/v1', 'http://host/proxy'],
    ['HTTP://Host:80/v1/', 'http://host'],
  ])('may be written as %s', (text, url) => {
    expect(parseServiceUrl(text)).toBe(url);
  });

  it.each(['ftp://host', 'http://', 'no host'])('may not be %s', (text) => {
    expect(() => parseServiceUrl(text)).toThrow(/--url .* is no address/);
  });
});

describe('the client', () => {
  it('sends the key as a bearer, and none where there is none', async () => {
    const keys: (string | undefined)[] = [];
    const url = await serverThat((request, response) => {
      keys.push(request.headers.authorization);
      response.end('{"loras":[],"details":[]}');
    });
    await clientOf(url, 'secret').list('');
    await clientOf(url).list('');
    expect(keys).toEqual(['Bearer secret', undefined]);
  });

  it('says that a key is wanted', async () => {
    const url = await serverThat((_, response) =>
      response.writeHead(401, { 'content-type': 'text/html' }).end('<h1>no</h1>'),
    );
    const { message, facts } = await failureOf(clientOf(url).list(''));
    expect(message).toBe(`${url} asks for a key (status 401).`);
    expect(facts).toMatchObject({ exitCode: ExitCode.refused, hint: 'Set CLAAS_API_KEY, or give --api-key.' });
  });

  it('says that something else answers', async () => {
    const url = await serverThat((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>hi</h1>'),
    );
    const { message, facts } = await failureOf(clientOf(url).list(''));
    expect(message).toBe(`What answers at ${url} doesn't answer as CLaaS does (status 200, text/html).`);
    expect(facts.code).toBe('not_claas');
  });

  it('says that nothing answers', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { message, facts } = await failureOf(clientOf(url).health());
    expect(message).toBe(`Nothing answers at ${url}: the connection was refused.`);
    expect(facts.exitCode).toBe(ExitCode.unreachable);
  });

  it('shows the detail of a problem with its fields, and keeps the rest for programs', async () => {
    const problem = {
      status: 422,
      code: 'request_invalid',
      detail: 'No.',
      errors: [{ field: 'lora_r', message: 'is small' }],
    };
    const url = await serverThat((_, response) => response.writeHead(422).end(JSON.stringify(problem)));
    const { message, facts } = await failureOf(clientOf(url).init({}));
    expect(message).toBe('No. (lora_r: is small)');
    expect(facts).toMatchObject({ exitCode: ExitCode.refused, code: 'request_invalid', data: problem });
  });

  it('reads an answer whose events come in pieces, and an error after the first of them', async () => {
    const event = 'data: {"id":"c1","choices":[{"delta":{"content":"Grüße 🌍"},"finish_reason":null}]}\n\n';
    const bytes = Buffer.from(`${event}data: {"status":500,"code":"trainer_crashed","detail":"It crashed."}\n\n`);
    const url = await serverThat((_, response) => {
      for (const byte of bytes) response.write(Buffer.from([byte]));
      response.end();
    });
    const texts: (string | null | undefined)[] = [];
    const read = async (): Promise<void> => {
      for await (const chunk of clientOf(url).chat({ model: 'm', messages: [] }, new AbortController().signal)) {
        texts.push(chunk.choices[0]?.delta.content);
      }
    };
    expect(await failureOf(read())).toMatchObject({
      message: 'It crashed.',
      facts: { exitCode: ExitCode.serviceFailed },
    });
    expect(texts).toEqual(['Grüße 🌍']);
  });

  it('does not take a stream that ends early for an answer', async () => {
    const url = await serverThat((_, response) => response.end('data: {"id":"c1","choices":[]}\n\n'));
    const ids: string[] = [];
    const read = async (): Promise<void> => {
      for await (const { id } of clientOf(url).chat({ model: 'm', messages: [] }, new AbortController().signal))
        ids.push(id);
    };
    expect((await failureOf(read())).message).toMatch(/broke off/);
    expect(ids).toEqual(['c1']);
  });
});

describe('following a feedback', () => {
  const state = (status: string, finished: boolean): string =>
    `event: state\ndata: ${JSON.stringify({ request_id: 'f1', status, finished, error: null })}\n\n`;

  it('goes on after the connection broke and after the service was away', async () => {
    let calls = 0;
    const url = await serverThat((_, response) => {
      calls += 1;
      if (calls === 1) response.write(state('queued', false), () => response.destroy());
      else if (calls === 2) response.writeHead(502).end('bad gateway');
      else response.end(`event: progress\ndata: {"phase":"forward","fraction":0.5}\n\n${state('verified', true)}`);
    });
    const seen: FeedbackEvent[] = [];
    const record = await followFeedback(clientOf(url), 'f1', (event) => seen.push(event), new AbortController().signal);
    expect(record.status).toBe('verified');
    expect(seen.map((event) => (event.kind === 'state' ? event.record.status : event.fraction))).toEqual([
      'queued',
      0.5,
      'verified',
    ]);
    expect(calls).toBe(3);
  });

  it('gives up on a service that stays away, and says how to look again', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const work = followFeedback(clientOf(url), 'f1', () => undefined, new AbortController().signal, 0);
    expect((await failureOf(work)).facts.hint).toMatch(/`claas follow f1`/);
  });

  it('does not wait for a feedback that does not exist', async () => {
    const problem = { status: 404, code: 'feedback_not_found', detail: 'None.' };
    const url = await serverThat((_, response) => response.writeHead(404).end(JSON.stringify(problem)));
    const work = followFeedback(clientOf(url), 'f1', () => undefined, new AbortController().signal);
    expect((await failureOf(work)).facts.code).toBe('feedback_not_found');
  });
});
