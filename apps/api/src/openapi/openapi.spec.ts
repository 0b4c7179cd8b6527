import type { OpenAPIObject } from '@nestjs/swagger';
import { beforeAll, describe, expect, it } from 'vitest';
import { useService } from '../testing/use-service.js';

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Described>>;
}

interface Operation {
  readonly path: string;
  readonly method: string;
  readonly summary?: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly description?: string }[];
  readonly examples: readonly [name: string, value: unknown][];
}

/** The order in which the examples build on one another; whatever is not named comes after. */
const FIRST = ['/v1/lora/init', '/v1/chat/completions', '/v1/completions', '/v1/score', '/v1/feedback', '/v1/distill'];

describe('the OpenAPI document', () => {
  const api = useService();
  let document: OpenAPIObject;

  beforeAll(async () => {
    document = (await api.client.get('/openapi.json')).body as unknown as OpenAPIObject;
  });

  const operations = (): Operation[] =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, never>).map(([method, operation]) => {
        const { summary, parameters = [], requestBody } = operation as Record<string, never>;
        const content = (requestBody as undefined | { content: Record<string, { examples?: object }> })?.content ?? {};
        const examples = Object.entries(content['application/json']?.examples ?? {}) as [string, { value: unknown }][];
        return { path, method, summary, parameters, examples: examples.map(([name, { value }]) => [name, value]) };
      }),
    ) as unknown as Operation[];

  it('has every path of the interface', () => {
    expect(document.openapi).toMatch(/^3\./);
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/',
        '/v1/health',
        '/livez',
        '/readyz',
        '/metrics',
        '/v1/lora/init',
        '/v1/lora',
        '/v1/lora/versions',
        '/v1/lora/rollback',
        '/v1/lora/export',
        '/v1/lora/import',
        '/v1/feedback',
        '/v1/feedback/{request_id}',
        '/v1/feedback/{request_id}/events',
        '/v1/distill',
        '/v1/chat/completions',
        '/v1/completions',
        '/v1/models',
        '/v1/score',
      ]),
    );
  });

  it('describes every operation, parameter and field', () => {
    const missing = operations().flatMap(({ path, method, summary, parameters }) => [
      ...(summary === undefined ? [`${method} ${path}`] : []),
      ...parameters.filter(({ description }) => !description).map(({ name }) => `${method} ${path} ${name}`),
    ]);
    for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
      for (const [property, { description }] of Object.entries((schema as Described).properties ?? {})) {
        if (!description) missing.push(`${name}.${property}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it('documents what a body that can not be read is answered with', async () => {
    const responses = document.paths['/v1/lora/rollback']?.post?.responses ?? {};
    const { status } = await api.client.send('POST', '/v1/lora/rollback', '{', { 'content-type': 'application/json' });
    expect(Object.keys(responses)).toEqual(expect.arrayContaining([String(status), '413', '415', '422', '500']));
    expect(document.paths['/v1/feedback']?.get?.responses).toHaveProperty('422');
    expect(document.paths['/livez']?.get?.responses).not.toHaveProperty('422');
  });

  it('has an example for every JSON body', () => {
    const without = operations().filter(
      ({ path, method, examples }) => method === 'post' && path !== '/v1/lora/import' && examples.length === 0,
    );
    expect(without.map(({ path }) => path)).toEqual([]);
  });

  it('has examples that run as they stand', async () => {
    const rank = ({ path }: Operation): number => (FIRST.includes(path) ? FIRST.indexOf(path) : FIRST.length);
    const posts = operations().filter(({ method }) => method === 'post');
    for (const { path, examples } of posts.sort((a, b) => rank(a) - rank(b))) {
      for (const [name, value] of examples) {
        const { status, body } = await api.client.post(path, value);
        expect({ path, name, status, body }).toMatchObject({ path, name, status: 200 });
      }
    }
    const reads = ['/v1/lora', '/v1/lora/versions', '/v1/lora/export', '/v1/models/{path}'];
    for (const { path, parameters } of operations().filter(
      ({ method, path }) => method === 'get' && reads.includes(path),
    )) {
      const query = parameters.filter((parameter) => parameter.in === 'query').map(exampleOf);
      const target = parameters
        .filter((parameter) => parameter.in === 'path')
        .reduce((filled, parameter) => {
          const [name, value] = exampleOf(parameter);
          return filled.replace(`{${name}}`, value);
        }, path);
      const { status, body } = await api.client.get(`${target}?${new URLSearchParams(query).toString()}`);
      expect({ target, query, status, body }).toMatchObject({ target, status: 200 });
    }
  });

  it('is explored without anything from elsewhere', async () => {
    const page = await api.client.get('/docs');
    expect(page.status).toBe(200);
    const html = String(page.body['text']);
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
    const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(assets.length).toBeGreaterThan(2);
    for (const asset of assets) {
      const { status } = await api.client.get(new URL(asset, `${api.service.url}/docs`).pathname);
      expect({ asset, status }).toEqual({ asset, status: 200 });
    }
  });
});

type Example = string | number | boolean;

function exampleOf(parameter: { readonly name: string }): [string, string] {
  const { example, schema } = parameter as { example?: Example; schema?: { example?: Example } };
  const value = example ?? schema?.example;
  if (value === undefined) throw new Error(`The parameter ${parameter.name} has no example.`);
  return [parameter.name, String(value)];
}
