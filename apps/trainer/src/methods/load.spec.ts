import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Conversation } from '../testing/conversation.js';
import { HubDouble } from '../testing/hub-double.js';

const WORKSPACE = resolve(import.meta.dirname, '../../../..');
const MODEL_ID = 'claas/tiny';

let cache: string;
let hub: HubDouble;
let endpoint: string;

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'claas-hub-cache-'));
  hub = new HubDouble(MODEL_ID, join(WORKSPACE, 'models/clay-tiny/model'));
  endpoint = await hub.listen();
});

afterAll(async () => {
  await hub.close();
  await rm(cache, { recursive: true });
});

/** Loads the model by its id in a new process; the phases that it told of. */
async function loadById(): Promise<string[]> {
  const env = { CLAAS_TENSOR_BACKEND: 'wasm', HF_ENDPOINT: endpoint, HF_HUB_CACHE: cache };
  const program = join(WORKSPACE, 'apps/trainer/dist/main.js');
  const child = spawn(process.execPath, [program], { env, stdio: 'pipe' });
  try {
    const trainer = new Conversation(child, child.stdin);
    trainer.send({ id: 1, method: 'load', params: { modelDirectory: MODEL_ID, baseModel: MODEL_ID } });
    expect(await trainer.end(1)).toMatchObject({ result: { baseModel: MODEL_ID, parameters: 6_164_480 } });
    return trainer.events.flatMap((event) =>
      'progress' in event && 'phase' in event.progress ? [event.progress.phase] : [],
    );
  } finally {
    child.kill('SIGKILL');
  }
}

it('downloads a base model by its id, says how far it is, and needs nobody the second time', async () => {
  const first = await loadById();
  expect(first[0]).toBe('downloading');
  expect(first.at(-1)).toBe('reading');
  const downloads = hub.requests.length;
  expect(hub.requests.some((url) => url.endsWith('model.safetensors'))).toBe(true);

  const second = await loadById();
  expect(new Set(second)).toEqual(new Set(['reading']));
  expect(hub.requests).toHaveLength(downloads);
});
