import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT, readText } from '../workspace.js';
import { COMPOSE_FILES, readCompose } from './compose-file.js';
import { interpolate, variablesOf } from './variables.js';

const SECRET = /(KEY|TOKEN|PASSWORD|SECRET)$/;
/** Works without it; it only opens models that ask for it. */
const OPTIONAL_SECRETS = ['HF_TOKEN'];
const LOOPBACK = '${BIND_ADDRESS:-127.0.0.1}:';

const requiredOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    variablesOf(text)
      .filter(({ refusal }) => refusal !== null)
      .map(({ name }) => [name, 'x']),
  );

/** By the Compose Specification's own schema, which dclint ships. */
function schemaErrors(document: unknown): unknown[] {
  const folder = path.dirname(createRequire(import.meta.url).resolve('dclint/package.json'));
  const file = path.join(folder, 'schemas', 'compose.schema.json');
  const schema = JSON.parse(readFileSync(file, 'utf8')) as { $schema?: string };
  // Its name of the draft has https where Ajv knows http.
  delete schema.$schema;
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message, params }) => ({ instancePath, message, params }));
}

it('sees a key that the Compose Specification does not have', () => {
  expect(schemaErrors({ services: { api: { image: 'x', prots: [] } } })).toMatchObject([
    { instancePath: '/services/api', params: { additionalProperty: 'prots' } },
  ]);
});

describe.each(COMPOSE_FILES)('%s', (file) => {
  const text = readText(file);
  const services = Object.entries(readCompose(file).services);

  it('is valid by the Compose Specification', () => {
    expect(schemaErrors(parse(interpolate(text, requiredOf(text)), { merge: true }))).toEqual([]);
  });

  it('gives no secret a default, and says where each comes from', () => {
    for (const { name, otherwise, refusal } of variablesOf(text)) {
      if (!SECRET.test(name)) continue;
      if (OPTIONAL_SECRETS.includes(name)) expect([name, otherwise]).toEqual([name, '']);
      else expect([name, refusal]).toEqual([name, expect.stringMatching(/\w{3} /)]);
    }
    const written = services.flatMap(([service, { environment }]) =>
      Object.entries(environment ?? {})
        .filter(([name, value]) => SECRET.test(name) && !value.includes('${'))
        .map(([name]) => `${service}: ${name}`),
    );
    expect(written).toEqual([]);
  });

  it('is refused by name when a secret is missing', () => {
    const all = requiredOf(text);
    expect(Object.keys(all).length).toBeGreaterThan(0);
    for (const name of Object.keys(all)) {
      expect(() => interpolate(text, { ...all, [name]: '' })).toThrow(new RegExp(`^${name}: `));
    }
  });

  it('publishes ports on the loopback address unless asked', () => {
    const published = services.flatMap(([, { ports }]) => ports ?? []);
    expect(published.filter((port) => !port.startsWith(LOOPBACK))).toEqual([]);
  });

  it('pins every image, or builds it', () => {
    for (const [name, { build, image }] of services) {
      if (image === undefined) continue;
      const [pattern, text] = build
        ? [/^claas-[a-z-]+:\$\{CLAAS_VERSION:-local\}$/, image]
        : [/:v?\d+\.\d+(\.\d+)?(-[a-z]+)?(@sha256:[0-9a-f]{64})?$/, interpolate(image, {})];
      expect([name, text]).toEqual([name, expect.stringMatching(pattern)]);
    }
  });

  it('builds targets that exist', () => {
    for (const [, { build }] of services) {
      if (build === undefined) continue;
      expect(existsSync(path.join(ROOT, build.dockerfile))).toBe(true);
      const stages = [...readText(build.dockerfile).matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, stage]) => stage);
      if (build.target !== undefined) expect(stages).toContain(build.target);
    }
  });

  it('gives the API settings that it has', () => {
    const known = [...readText('docs/settings.md').matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(([, name]) => name);
    const given = services
      .filter(([name]) => name.startsWith('api'))
      .flatMap(([, { environment }]) => Object.keys(environment ?? {}));
    expect(given.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('knows when each service that stays is healthy', () => {
    const blind = services.filter(([, { build, entrypoint, healthcheck, image }]) => {
      if (image === undefined || entrypoint !== undefined || healthcheck !== undefined) return false;
      return build === undefined || !/^HEALTHCHECK /m.test(readText(build.dockerfile));
    });
    expect(blind.map(([name]) => name)).toEqual([]);
  });
});
