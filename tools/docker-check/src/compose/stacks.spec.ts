import { parse as parseValues } from 'dotenv';
import { describe, expect, it } from 'vitest';
import { readText } from '../workspace.js';
import { readCompose, STACKS, type ComposeService, type Stack } from './compose-file.js';
import { variablesOf } from './variables.js';

const SECRET = /(KEY|TOKEN|PASSWORD|SECRET)$/;
const OF_COMPOSE_ITSELF = ['COMPOSE_PROFILES', 'COMPOSE_PROJECT_NAME'];

/** Services of all files of a stack, a later file over an earlier one. */
function servicesOf({ files }: Stack): ReadonlyMap<string, ComposeService> {
  const services = new Map<string, ComposeService>();
  for (const file of files) {
    for (const [name, service] of Object.entries(readCompose(file).services)) {
      services.set(name, { ...services.get(name), ...service });
    }
  }
  return services;
}

/** Is the value of that name below a comment of its own or of its group? */
function isExplained(lines: readonly string[], name: string): boolean {
  const line = lines.findIndex((candidate) => candidate.startsWith(`${name}=`));
  const above = lines.slice(0, line).findLast((candidate) => !/^[A-Z][A-Z0-9_]*=/.test(candidate)) ?? '';
  return above.startsWith('# ') && !above.startsWith('# ---');
}

describe.each(STACKS)('$title', (stack) => {
  const services = servicesOf(stack);
  const example = readText(stack.example);
  const explained = Object.keys(parseValues(example));
  const used = new Set(variablesOf(stack.files.map(readText).join('\n')).map(({ name }) => name));
  const profiles = stack.profiles.length === 0 ? [null] : stack.profiles;
  const servicesIn = (profile: string | null): (readonly [string, ComposeService])[] =>
    [...services].filter(([, service]) => profile === null || service.profiles?.includes(profile) === true);

  it('mounts volumes that it declares, and declares none in vain', () => {
    const mounts = [...services.values()].flatMap(({ volumes }) => volumes ?? []).map((mount) => mount.split(':')[0]!);
    const declared = stack.files.flatMap((file) => Object.keys(readCompose(file).volumes));
    expect([...new Set(mounts.filter((name) => !name.startsWith('.')))].sort()).toEqual(declared.sort());
  });

  it.each(profiles)('has all that it waits for in profile %s', (profile) => {
    const here = servicesIn(profile);
    expect(here.length).toBeGreaterThan(0);
    const names = here.map(([name]) => name);
    const awaited = here.flatMap(([, { depends_on }]) => Object.keys(depends_on ?? {}));
    expect(awaited.filter((name) => !names.includes(name))).toEqual([]);
  });

  it.each(profiles.filter((profile) => profile !== 'monitoring'))(
    'has one API that the others find by its name, and a bot that waits for its set-up, in profile %s',
    (profile) => {
      const here = servicesIn(profile);
      const apis = here.filter(([, { networks }]) => networks?.default?.aliases?.includes('claas-api') === true);
      expect(apis).toHaveLength(1);
      const { openclaw, init } = Object.fromEntries(here) as Partial<Record<string, ComposeService>>;
      expect(openclaw!.depends_on).toEqual({ init: { condition: 'service_completed_successfully' } });
      expect(init!.environment).toMatchObject({ CLAAS_URL: 'http://claas-api:8080' });
    },
  );

  it('has every value explained in its example', () => {
    expect(explained.filter((name) => !isExplained(example.split('\n'), name))).toEqual([]);
    expect([...used].filter((name) => !explained.includes(name))).toEqual([]);
  });

  it('has no secret in its example', () => {
    const values = Object.entries(parseValues(example));
    expect(values.filter(([name, value]) => SECRET.test(name) && value !== '')).toEqual([]);
  });
});

it.each(['docker/.env.example', 'docker/.env.tinker.example'])('%s has no value that nothing reads', (example) => {
  const files = STACKS.filter((stack) => stack.example === example).flatMap((stack) => stack.files);
  const used = new Set(variablesOf(files.map(readText).join('\n')).map(({ name }) => name));
  const given = Object.keys(parseValues(readText(example)));
  expect(given.filter((name) => !used.has(name) && !OF_COMPOSE_ITSELF.includes(name))).toEqual([]);
});
