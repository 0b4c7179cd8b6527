import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresServer } from '@claas/contracts/testing/postgres';
import type { VllmDouble } from '@claas/contracts/testing/vllm';
import { EXECUTION_MODE } from './service/execution-mode.js';
import { Replicas } from './service/replicas.js';
import type { Reply } from './service/service-client.js';
import type { ServiceProcess } from './service/service-process.js';
import { settingsFor, VllmServers } from './vllm/vllm-servers.js';

/** `CLAAS_E2E_REPLICA_FEEDBACKS=200 npx nx test api-e2e` for the long run: 20 adapters, 8 clients, 20 kills, with and without vLLM. */
const LONG_RUN = process.env['CLAAS_E2E_REPLICA_FEEDBACKS'];
const FEEDBACKS = Number(LONG_RUN ?? 30);
const VLLM = 'a vLLM server answers';
const TRAINERS = 'the trainers answer';
const WHO_ANSWERS = EXECUTION_MODE !== 'local' ? [TRAINERS] : LONG_RUN === undefined ? [VLLM] : [TRAINERS, VLLM];
const ADAPTERS = Math.max(3, Math.ceil(FEEDBACKS / 10));
const KILLS = Math.max(3, Math.ceil(FEEDBACKS / 10));
const CLIENTS = 8;
const LIMIT_MS = 60_000 + FEEDBACKS * 10_000;
const FINAL = ['verified', 'failed', 'rolled_back'];

const programs = PostgresServer.findPrograms();
if (programs === null) {
  console.warn('SKIPPED several API processes on one PostgreSQL: install Debian’s package postgresql.');
} else if (LONG_RUN === undefined) {
  console.info(
    `Several API processes: ${FEEDBACKS} feedbacks, where ${WHO_ANSWERS.join()}. CLAAS_E2E_REPLICA_FEEDBACKS=200 makes the long run, in mode local with and without vLLM.`,
  );
}

/** The same sequence of numbers from 0 to 1 in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const random = randomNumbers(7);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;

interface Sent {
  readonly loraId: string;
  readonly key: string;
  readonly requestId: string;
}

describe.skipIf(programs === null).each(WHO_ANSWERS)('three API processes on one PostgreSQL, where %s', (who) => {
  let database: PostgresServer;
  let servers: VllmServers | null = null;
  let double: VllmDouble | null = null;
  let replicas: Replicas;
  const down = new Set<ServiceProcess>();

  beforeAll(async () => {
    database = await PostgresServer.start(programs!);
    if (who === VLLM) {
      servers = await VllmServers.create();
      double = await servers.start();
    }
    const settings = double === null ? {} : settingsFor(double);
    replicas = await Replicas.start(3, database, { CLAAS_KEEP_VERSIONS: '1000', ...settings });
  });
  afterAll(async () => {
    await replicas.stopAndRemove();
    await servers?.close();
    await database.stop();
  });

  const anyReplica = (): ServiceProcess => pick(replicas.all.filter((service) => !down.has(service)));

  /** A request that is answered in the end, by whichever process lives. */
  async function insist(ask: (service: ServiceProcess) => Promise<Reply>): Promise<Reply> {
    for (let attempt = 0; attempt < 600; attempt += 1) {
      const reply = await ask(anyReplica()).catch(() => null);
      if (reply !== null && (reply.status < 500 || FINAL.includes(reply.body?.feedback_status))) return reply;
      await pause(50 + 100 * random());
    }
    throw new Error('No process answers.');
  }

  /** Some clients wait for the outcome, others only until the feedback is accepted; who gets no answer asks again. */
  async function send(loraId: string, index: number): Promise<Sent> {
    const key = randomUUID();
    const body = {
      lora_id: loraId,
      prompt: 'Hello',
      response: 'Hi! 😊',
      feedback: `No emojis (${index}).`,
    };
    const prefer = index % 2 === 0 ? 'respond-async' : 'wait=100';
    const reply = await insist((service) =>
      service.client.post('/v1/feedback', body, { 'idempotency-key': key, prefer }),
    );
    const requestId = reply.body.request_id ?? reply.body.feedback_id;
    expect([200, 202, 409], JSON.stringify(reply.body)).toContain(reply.status);
    return { loraId, key, requestId };
  }

  async function outcomeOf({ requestId }: Sent): Promise<Reply['body']> {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
      const { body } = await insist((service) => service.client.get(`/v1/feedback/${requestId}`));
      if (FINAL.includes(body.status)) return body;
      if (Date.now() > deadline) throw new Error(`Feedback ${requestId} has no outcome: ${JSON.stringify(body)}`);
      await pause(200);
    }
  }

  async function killSome(isOver: () => boolean): Promise<number> {
    let kills = 0;
    while (kills < KILLS && !isOver()) {
      await pause(500 + 2500 * random());
      const victim = pick(replicas.all);
      down.add(victim);
      await victim.kill();
      kills += 1;
      await pause(1000 * random());
      await victim.restart();
      down.delete(victim);
    }
    return kills;
  }

  it(
    `apply each of ${FEEDBACKS} feedbacks over ${ADAPTERS} adapters exactly once and in order, with kill -9 of any of them`,
    { timeout: 2 * LIMIT_MS },
    async () => {
      const adapters = await Promise.all(
        Array.from({ length: ADAPTERS }, (_, index) => replicas.all[index % 3]!.client.init(`kim/a${index}`, index)),
      );
      const sent: Sent[] = [];
      let next = 0;
      let isOver = false;
      const client = async (): Promise<void> => {
        for (let index = next++; index < FEEDBACKS; index = next++) sent.push(await send(pick(adapters), index));
      };
      const killing = killSome(() => isOver);
      const asking = keepAsking(adapters, () => isOver);
      await Promise.all(Array.from({ length: CLIENTS }, client));
      const outcomes = new Map<string, Reply['body']>();
      for (const feedback of sent) outcomes.set(feedback.requestId, await outcomeOf(feedback));
      isOver = true;
      const kills = await killing;
      console.info(`${FEEDBACKS} feedbacks, ${ADAPTERS} adapters, ${kills} kills`);
      expect(kills).toBeGreaterThanOrEqual(2);
      // Whoever asks meanwhile is answered, or told to ask again.
      expect([...(await asking)].sort()).toEqual([200]);
      expect(double?.isSleeping ?? false).toBe(false);

      expect(new Set(sent.map(({ requestId }) => requestId)).size).toBe(FEEDBACKS);
      for (const { requestId, key } of sent) {
        expect(outcomes.get(requestId)).toMatchObject({ status: 'verified', error: null, idempotency_key: key });
      }
      for (const loraId of adapters) await expectInOrder(loraId, outcomes);
      const logs = await readdir(replicas.logDirectory);
      expect(logs.filter((name) => name.endsWith('.json'))).toHaveLength(FEEDBACKS);
    },
  );

  /** A client that chats, at whichever process lives. Returns how it was answered. */
  async function keepAsking(adapters: readonly string[], isOver: () => boolean): Promise<Set<number>> {
    const statuses = new Set<number>();
    while (!isOver()) {
      const body = { model: pick(adapters), prompt: 'Hello', max_tokens: 1 };
      const reply = await anyReplica()
        .client.post('/v1/completions', body)
        .catch(() => null);
      if (reply !== null) statuses.add(reply.status);
      await pause(200);
    }
    return statuses;
  }

  /** One version for each feedback, each made from the one before, in order of arrival, and its record says the same. */
  async function expectInOrder(loraId: string, outcomes: ReadonlyMap<string, Reply['body']>): Promise<void> {
    const query = `lora_id=${loraId}`;
    const listed = (await insist((service) => service.client.get(`/v1/feedback?${query}&limit=200`))).body.feedbacks;
    const arrived = listed.map(({ request_id }: { request_id: string }) => request_id).reverse();
    const { versions } = (await insist((service) => service.client.get(`/v1/lora/versions?${query}`))).body;
    const learned = [...versions].reverse().slice(1);
    expect(learned.map(({ feedback_id }) => feedback_id)).toEqual(arrived);
    for (const [index, { version, parent, feedback_id, metrics }] of learned.entries()) {
      expect([version, parent]).toEqual([index + 1, index]);
      const outcome = outcomes.get(feedback_id);
      expect([outcome.version, outcome.parent_version]).toEqual([version, parent]);
      expect(outcome.distill_result.metadata).toEqual(metrics);
      expect(outcome.receipt.verified.max_difference).toBeLessThan(outcome.receipt.verified.tolerance);
      expect(outcome.vllm).toMatchObject({ published: true, verified: true });
    }
    for (const service of replicas.all) {
      const body = { model: loraId, prompt: 'Hello', max_tokens: 1 };
      const answer = await service.client.post('/v1/completions', body);
      expect(answer.status).toBe(200);
      expect(answer.headers['x-claas-version'] ?? answer.body.claas.version).toEqual(
        double === null ? learned.length : String(learned.length),
      );
    }
  }

  it.skipIf(who !== VLLM)(
    'let ten feedbacks that wait for one adapter share one sleep and one wake',
    { timeout: LIMIT_MS },
    async () => {
      if (double === null) return;
      const [service] = replicas.all;
      const loraId = await service!.client.init('kim/ten');
      const before = double.orders().length;
      const body = { lora_id: loraId, prompt: 'Hello', response: 'Hi! 😊', feedback: 'No emojis.' };
      const replies = await Promise.all(Array.from({ length: 10 }, () => service!.client.post('/v1/feedback', body)));
      expect(replies.map(({ status }) => status)).toEqual(Array(10).fill(200));
      const orders = double.orders().slice(before);
      expect(orders.filter((call) => call === 'sleep')).toHaveLength(1);
      expect(orders.filter((call) => call === 'wake_up')).toHaveLength(1);
      expect(replies.map(({ body: { version } }) => version).sort((a, b) => a - b)).toEqual([
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
      ]);
    },
  );
});
