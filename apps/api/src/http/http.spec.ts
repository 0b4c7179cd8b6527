import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { Client } from '../testing/client.js';
import { startService } from '../testing/start-service.js';
import { useService } from '../testing/use-service.js';

describe('every route', () => {
  const api = useService();

  it('describes the service at its root', async () => {
    const { status, body } = await api.client.get('/');
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: 'CLaaS API', mode: 'local', base_model: 'clay-tiny', docs: '/docs' });
    for (const link of Object.values(body['links'] as Record<string, string>)) {
      expect((await api.client.get(link)).status).toBe(200);
    }
  });

  it('gives every answer an id, the client’s own where it is safe', async () => {
    const own = await api.client.get('/livez', { 'x-request-id': 'my-id.1' });
    expect(own.headers.get('x-request-id')).toBe('my-id.1');
    const unsafe = await api.client.get('/nowhere', { 'x-request-id': 'a b"c' });
    expect(unsafe.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(unsafe.body['request_id']).toBe(unsafe.headers.get('x-request-id'));
  });

  it('keeps browsers from doing anything with the answers, and allows no other origin', async () => {
    const { headers } = await api.client.get('/', { origin: 'https://elsewhere.example' });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('answers an unknown path with where to look', async () => {
    const { status, headers, body } = await api.client.get('/v1/nope');
    expect(status).toBe(404);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({ type: 'urn:claas:error:route_not_found', status: 404, code: 'route_not_found' });
    expect(body['detail']).toContain('/openapi.json');
  });

  it.each(['/%zz', '/v1/%E0%A4%A', '/v1/feedback/%'])('answers the undecodable path %s with a 4xx', async (path) => {
    const { status, headers } = await api.client.get(path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(headers.get('content-type')).toContain('application/problem+json');
  });

  it('tells a wrong method from a wrong path', async () => {
    const { status, headers, body } = await api.client.post('/v1/lora', {});
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('DELETE, GET, HEAD');
    expect(body['detail']).toContain('it takes DELETE, GET, HEAD');
  });

  it.each(['{"lora_id":', '{"lora_id": NaN}', "{'lora_id': 1}"])('refuses the malformed body %s', async (text) => {
    const { status, body } = await api.client.send('POST', '/v1/lora/init', text, {
      'content-type': 'application/json',
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'request_malformed', detail: expect.stringContaining('not JSON') });
  });

  it('refuses an empty body and one of another type, and says what to send', async () => {
    const empty = await api.client.send('POST', '/v1/lora/init', '', { 'content-type': 'application/json' });
    expect(empty).toMatchObject({ status: 400, body: { code: 'request_malformed' } });
    const text = await api.client.send('POST', '/v1/lora/init', 'lora_id=a', { 'content-type': 'text/plain' });
    expect(text).toMatchObject({ status: 415, body: { code: 'media_type_unsupported' } });
    expect(text.body['detail']).toContain('application/json');
    const zip = await api.client.send('POST', '/v1/lora/init', 'PK', { 'content-type': 'application/zip' });
    expect(zip.status).toBe(415);
  });

  it.each([{}, [], [1], null, 'text', 7])('refuses the body %j with 422, naming what is missing', async (body) => {
    const answer = await api.client.post('/v1/lora/init', body);
    expect(answer.status).toBe(422);
    expect(answer.body['code']).toBe('request_invalid');
  });

  it('names every wrong field at once, at whatever depth', async () => {
    const { status, body } = await api.client.post('/v1/chat/completions', {
      model: 7,
      messages: [
        { role: 'user', content: 'a' },
        { role: 'robot', content: 5, extra: true },
      ],
      temprature: 1,
      stream_options: { include_usage: 'yes' },
    });
    expect(status).toBe(422);
    const fields = (body['errors'] as { field: string; message: string }[]).map(({ field }) => field);
    expect(new Set(fields)).toEqual(
      new Set([
        'model',
        'temprature',
        'messages[1].role',
        'messages[1].content',
        'messages[1].extra',
        'stream_options.include_usage',
      ]),
    );
  });

  it('refuses keys that would reach a prototype', async () => {
    const { status, body } = await api.client.send(
      'POST',
      '/v1/lora/init',
      '{"lora_id":"a","__proto__":{"lora_r":4},"constructor":{"prototype":{}}}',
      { 'content-type': 'application/json' },
    );
    expect(status).toBe(422);
    expect(body['errors']).toContainEqual({ field: '__proto__', message: 'is not a field of this request' });
  });

  it('refuses a 1 MB prompt with the setting that limits it', async () => {
    const content = 'x'.repeat(1_000_000);
    const { status, body } = await api.client.post('/v1/chat/completions', {
      model: 'clay-tiny',
      messages: [{ role: 'user', content }],
    });
    expect(status).toBe(413);
    expect(body).toMatchObject({ code: 'request_too_large', setting: 'CLAAS_MAX_REQUEST_BYTES' });
    expect(body['detail']).toContain('CLAAS_MAX_REQUEST_BYTES');
  });

  it('hears a much larger body out before it refuses, so that the client reads why', async () => {
    const { status } = await api.client.send('POST', '/v1/lora/init', new Uint8Array(20_000_000), {
      'content-type': 'application/json',
    });
    expect(status).toBe(413);
  });

  it('keeps what a defect says to the log', async () => {
    const defect = vi.spyOn(api.service.store, 'list').mockRejectedValue(new Error('password is hunter2'));
    const { status, body } = await api.client.get('/v1/lora');
    defect.mockRestore();
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'internal', title: 'Internal error' });
    expect(JSON.stringify(body)).not.toContain('hunter2');
    expect(body['detail']).toContain(body['request_id']);
  });

  it('survives something that is not HTTP', async () => {
    const { hostname, port } = new URL(api.service.url);
    const reply = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write('\u0000\u0001 nonsense\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => {
        resolve(text);
      });
    });
    expect(reply).toMatch(/^HTTP\/1.1 400/);
    expect((await api.client.get('/livez')).status).toBe(200);
  });

  it('counts requests by route in the metrics', async () => {
    await api.client.get('/v1/nope/again');
    const { body } = await api.client.get('/metrics');
    expect(body['text']).toMatch(/claas_http_requests_total\{method="GET",route="unknown",status="404"\} \d+/);
    expect(body['text']).not.toContain('/v1/nope');
    expect(body['text']).toContain('claas_feedback_unfinished{state="queued"} 0');
  });
});

describe('a service with another limit', () => {
  it('takes what the setting allows', async () => {
    const service = await startService({ CLAAS_MAX_REQUEST_BYTES: '3000' });
    const client = new Client(service);
    const ask = (length: number) => client.post('/v1/completions', { model: 'clay-tiny', prompt: 'x'.repeat(length) });
    expect((await ask(2000)).status).toBe(200);
    expect((await ask(4000)).status).toBe(413);
    await service.stop();
  });
});
