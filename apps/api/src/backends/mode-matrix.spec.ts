import { ModalDouble } from '@claas/contracts/testing/modal';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readSettings } from '../config/read-settings.js';
import { createLogger } from '../logging/create-logger.js';
import type { Backend } from './backend.js';
import { openBackend } from './open-backend.js';

const README = join(import.meta.dirname, '../../../../README.md');
const BETWEEN = /(<!-- what each mode supports, from its capabilities -->\n)[\s\S]*?(\n<!-- end -->)/;
/** Nobody listens there: what a mode supports must not depend on its server. */
const NOWHERE = 'http://127.0.0.1:9';

const yesOrNo = (value: boolean): string => (value ? 'yes' : 'no');

/** The rows of the matrix, each read from the ports that a mode opens. */
const ROWS: readonly (readonly [string, (backend: Backend) => string])[] = [
  ['teachers', ({ engine }) => engine.capabilities.teacherModes.map((mode) => `\`${mode}\``).join(', ')],
  ['divergence over the whole vocabulary', ({ engine }) => yesOrNo(engine.capabilities.fullVocabulary)],
  ['largest `top_k`', ({ engine }) => String(engine.capabilities.maxTopK)],
  ['completions pass through to the server as they are', ({ relay }) => yesOrNo(relay !== undefined)],
  ['the server sleeps while a step runs', ({ serving }) => yesOrNo(serving.capabilities.releasesAccelerator)],
  ['nothing is rented before the first request', ({ startsOnDemand }) => (startsOnDemand === true ? 'yes' : '—')],
  [
    'adapters are published',
    ({ publishesOnDemand }) => (publishesOnDemand === true ? 'with their first request' : 'at start'),
  ],
];

describe('README.md', () => {
  let root: string;
  let double: ModalDouble;
  const backends: Backend[] = [];

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'claas-mode-matrix-'));
    double = await ModalDouble.start();
    double.images.publish('claas-trainer:latest');
    for (const [name, value] of Object.entries(double.environment)) vi.stubEnv(name, value);
  });

  afterAll(async () => {
    for (const backend of backends) {
      await backend.engine.close();
      await backend.close?.();
    }
    vi.unstubAllEnvs();
    await double.close();
    await rm(root, { recursive: true });
  });

  async function open(name: string, variables: Record<string, string>): Promise<Backend> {
    const directory = join(root, name);
    const { settings } = readSettings(
      { CLAAS_LORA_ROOT: join(directory, 'loras'), CLAAS_DATA_DIR: directory, ...variables },
      root,
    );
    const backend = await openBackend(settings, createLogger('silent'));
    backends.push(backend);
    return backend;
  }

  it('has the matrix of what each mode supports, as the capabilities say; CLAAS_WRITE_README=1 writes it', async () => {
    const teacher = { CLAAS_TEACHER_BASE_URL: NOWHERE, CLAAS_TEACHER_MODEL: 'teacher' };
    const modes: readonly (readonly [string, Backend])[] = [
      ['`local`', await open('local', teacher)],
      ['`local` and vLLM', await open('vllm', { ...teacher, VLLM_BASE_URL: 'http://127.0.0.1:10' })],
      ['`modal`', await open('modal', { CLAAS_DISTILL_EXECUTION_MODE: 'modal', ...double.environment })],
      [
        '`tinker`',
        await open('tinker', {
          CLAAS_DISTILL_EXECUTION_MODE: 'tinker',
          CLAAS_TINKER_BASE_URL: NOWHERE,
          CLAAS_TINKER_API_KEY: 'any',
          CLAAS_TINKER_BASE_MODEL: 'clay-tiny',
        }),
      ],
    ];
    const lines = [
      ['', ...modes.map(([name]) => name)],
      ['---', ...modes.map(() => '---')],
      ...ROWS.map(([title, read]) => [title, ...modes.map(([, backend]) => read(backend))]),
    ];
    const matrix = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
    const readme = readFileSync(README, 'utf8');
    expect(readme).toMatch(BETWEEN);
    const expected = readme.replace(BETWEEN, (_, begin: string, end: string) => `${begin}\n${matrix}\n${end}`);
    if (process.env['CLAAS_WRITE_README'] === '1') writeFileSync(README, expected);
    expect(readFileSync(README, 'utf8')).toBe(expected);
  });
});
