import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reply } from './service/service-client.js';
import { EXECUTION_MODE } from './service/execution-mode.js';
import { ServiceProcess } from './service/service-process.js';

const MEBIBYTE = 1 << 20;

let service: ServiceProcess;
beforeAll(async () => {
  service = await ServiceProcess.start({ CLAAS_TEST_SECRET: 'unused' });
});
afterAll(() => service.stopAndRemove());

async function memoryOf(processId: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${processId}/status`, 'utf8');
  return (Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024) / MEBIBYTE;
}

describe('operation', () => {
  it('says what it is, that it is well, and what it measures', async () => {
    const { client } = service;
    expect((await client.get('/')).body).toMatchObject({
      name: expect.any(String),
      version: expect.any(String),
      mode: EXECUTION_MODE,
    });
    const health = await client.get('/v1/health');
    expect(health.status).toBe(200);
    expect(health.body.status).toBe('healthy');
    expect((await client.get('/livez')).status).toBe(200);
    expect((await client.get('/readyz')).status).toBe(200);
    const metrics = await client.get('/metrics');
    expect(metrics.headers['content-type']).toContain('text/plain');
    expect(metrics.bytes.toString()).toMatch(/^# HELP /m);
    expect((await client.get('/docs')).status).toBe(200);
  });

  it('stays within its memory: 450 MB for the API, 1.5 GB at the peak of a step for the trainer', async () => {
    const { client } = service;
    await client.init('ivan/memory');
    const answer = await client.chat('ivan/memory', 'Tell me about yourself.', { max_completion_tokens: 120 });
    const body = { lora_id: 'ivan/memory', completion_id: answer.id, feedback: "Don't use emojis." };
    expect((await client.post('/v1/feedback', body)).status).toBe(200);
    expect(await memoryOf(service.processId, 'VmRSS')).toBeLessThan(450);
    const [trainer] = await service.trainerProcessIds();
    expect(await memoryOf(trainer!, 'VmHWM')).toBeLessThan(1536);
  });

  it('answers every example of its own OpenAPI document as it stands', async () => {
    const { client } = service;
    const { body: document } = await client.get('/openapi.json');
    expect(document.openapi).toMatch(/^3\./);
    const sent: string[] = [];
    for (const { path, operation } of operations(document)) {
      for (const example of examplesOf(operation)) {
        const reply = await client.post(path, example.value);
        expect(reply.status, `${path} ${example.name}: ${reply.bytes.toString().slice(0, 300)}`).toBeLessThan(300);
        sent.push(path);
      }
    }
    const expected = [
      '/v1/lora/init',
      '/v1/chat/completions',
      '/v1/completions',
      '/v1/feedback',
      '/v1/distill',
      '/v1/score',
    ];
    expect(sent).toEqual(expect.arrayContaining(expected));
  });
});

/** POST operations with JSON bodies, in the order in which a newcomer would try them. */
function operations(document: Reply['body']): { path: string; operation: Reply['body'] }[] {
  const first = ['/v1/lora/init', '/v1/chat/completions', '/v1/feedback'];
  const rank = (path: string): number => (first.includes(path) ? first.indexOf(path) : first.length);
  return Object.entries(document.paths as Record<string, Reply['body']>)
    .filter(([, item]) => item.post?.requestBody?.content?.['application/json'] !== undefined)
    .map(([path, item]) => ({ path, operation: item.post }))
    .sort((a, b) => rank(a.path) - rank(b.path));
}

function examplesOf(operation: Reply['body']): { name: string; value: unknown }[] {
  const content = operation.requestBody.content['application/json'];
  if (content.example !== undefined) return [{ name: 'example', value: content.example }];
  return Object.entries(content.examples ?? {}).map(([name, example]) => ({
    name,
    value: (example as { value: unknown }).value,
  }));
}
