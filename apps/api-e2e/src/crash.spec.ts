import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServiceProcess } from './service/service-process.js';

/** How often each process is killed; `CLAAS_E2E_KILLS=20 npx nx test api-e2e` for the long run. */
const KILLS = Number(process.env['CLAAS_E2E_KILLS'] ?? 4);
const FINAL = ['verified', 'failed', 'rolled_back'];
const LORA = 'judy/crash';

let service: ServiceProcess;
beforeEach(async () => {
  // None is pruned: every version that was ever made is counted.
  service = await ServiceProcess.start({ CLAAS_KEEP_VERSIONS: '1000' });
  await service.client.init(LORA);
});
afterEach(() => service.stopAndRemove());

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends one feedback that is accepted for certain: a 202 says that it is on disk. */
async function accept(index: number): Promise<string> {
  const body = {
    lora_id: LORA,
    prompt: 'What color is the sky?',
    response: 'The sky is blue! 😊',
    feedback: `Don't use emojis, please (${index}).`,
    training: { steps: 2 },
  };
  const headers = { prefer: 'respond-async', 'idempotency-key': randomUUID() };
  const reply = await service.client.post('/v1/feedback', body, headers);
  expect(reply.status).toBe(202);
  return reply.body.request_id;
}

async function outcomes(ids: readonly string[]): Promise<Map<string, { status: string; version: number | null }>> {
  const results = new Map();
  for (const id of ids) {
    for (let attempt = 0; ; attempt += 1) {
      const { body } = await service.client.get(`/v1/feedback/${id}`);
      if (FINAL.includes(body.status)) {
        results.set(id, body);
        break;
      }
      if (attempt > 900) throw new Error(`Feedback ${id} has no outcome: ${JSON.stringify(body)}`);
      await pause(100);
    }
  }
  return results;
}

/** Every version on disk is whole, the head is the newest, and each verified feedback made exactly one of them. */
async function expectConsistent(ids: readonly string[]): Promise<number> {
  const results = await outcomes(ids);
  const { versions } = (await service.client.get(`/v1/lora/versions?lora_id=${LORA}`)).body;
  const learnedFrom = versions
    .map(({ feedback_id }: { feedback_id: string | null }) => feedback_id)
    .filter((id: string | null) => id !== null);
  const verified = ids.filter((id) => results.get(id)?.status === 'verified');
  expect([...learnedFrom].sort()).toEqual([...verified].sort());
  for (const id of verified) {
    const version = versions.find(({ feedback_id }: { feedback_id: string }) => feedback_id === id);
    expect(version.version).toBe(results.get(id)?.version);
  }
  await expectWholeFiles();
  const answer = await service.client.chat(LORA, 'Hello', { max_completion_tokens: 3 });
  expect(answer.usage.completion_tokens).toBe(3);
  return verified.length;
}

async function expectWholeFiles(): Promise<void> {
  const root = await service.storedFiles();
  const manifests = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('manifest.json'));
  expect(manifests.length).toBeGreaterThan(0);
  for (const name of manifests) {
    const manifest = JSON.parse(await readFile(path.join(root, name), 'utf8'));
    for (const file of manifest.files) {
      const bytes = await readFile(path.join(root, path.dirname(name), file.name));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
    }
  }
}

describe('kill -9', () => {
  it(
    `of the trainer, ${KILLS} times at random moments: the adapter is whole and the client knows`,
    { timeout: KILLS * 150_000 },
    async () => {
      const ids: string[] = [];
      for (let round = 0; round < KILLS; round += 1) {
        ids.push(await accept(round));
        await pause(Math.random() * 1500);
        for (const trainer of await service.trainerProcessIds()) process.kill(trainer, 'SIGKILL');
        ids.push(await accept(1000 + round));
        await outcomes(ids);
      }
      // The feedback after each kill is always applied; the one that was hit is applied or reported as failed.
      expect(await expectConsistent(ids)).toBeGreaterThanOrEqual(KILLS);
    },
  );

  it(
    `of the API, ${KILLS} times at random moments: every accepted feedback is applied exactly once`,
    { timeout: KILLS * 150_000 },
    async () => {
      const ids: string[] = [];
      for (let round = 0; round < KILLS; round += 1) {
        ids.push(await accept(round));
        await pause(Math.random() * 2000);
        await service.kill();
        await service.restart();
      }
      expect(await expectConsistent(ids)).toBe(ids.length);
    },
  );

  it(
    `of both, ${KILLS} times at random moments: every accepted feedback is applied exactly once`,
    { timeout: KILLS * 150_000 },
    async () => {
      const ids: string[] = [];
      for (let round = 0; round < KILLS; round += 1) {
        ids.push(await accept(round), await accept(1000 + round));
        await pause(Math.random() * 2500);
        const trainers = await service.trainerProcessIds();
        await service.kill();
        for (const trainer of trainers) {
          try {
            process.kill(trainer, 'SIGKILL');
          } catch {
            // It has already noticed that its parent is gone.
          }
        }
        await service.restart();
      }
      expect(await expectConsistent(ids)).toBe(ids.length);
    },
  );
});
