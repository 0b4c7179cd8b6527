import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readInitSettings } from './init/init-settings.js';
import { behaviourOf, type Behaviour } from './testing/behaviour.js';
import { answersOf, capturedHooks, commandsOf, decoratedChats, plainChats } from './testing/captured.js';
import { ClaasService } from './testing/claas-service.js';
import { OpenClawHost } from './testing/openclaw-host.js';
import { createAdapter, baseModelOf } from './set-up/create-adapter.js';

const LORA_ID = 'openclaw/assistant';

/** The plugin against the real API with the model that ships, driven by what the real OpenClaw sent. */
describe('with the API', () => {
  let folder: string;
  let service: ClaasService;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'claas-openclaw-'));
    service = await ClaasService.start(folder);
    await createAdapter(service.url, LORA_ID);
  });
  afterAll(async () => {
    await service.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const answer = answersOf(capturedHooks)[0]!;
  const command = commandsOf(capturedHooks)[0]!;
  const hostWith = (settings: Readonly<Record<string, unknown>>): OpenClawHost =>
    new OpenClawHost({ baseUrl: service.url, ...settings }).loadPlugin();
  const answeredBy = (host: OpenClawHost, responseId: string): Promise<void> =>
    host.answered({ ...answer.event, lastAssistant: { responseId } }, answer.context);
  const learnedWith = async (requestId: string): Promise<unknown> => {
    const { feedbacks } = await service.get<{ feedbacks: { request_id: string; request: unknown }[] }>('/v1/feedback');
    return feedbacks.find(({ request_id }) => request_id === requestId)?.request;
  };

  it('makes the adapter once', async () => {
    expect(await createAdapter(service.url, LORA_ID)).toBe(false);
    expect(await baseModelOf(service.url)).toBe('clay-tiny');
  });

  it.each([...plainChats, ...decoratedChats])('has a request of OpenClaw answered as it is (%#)', async ({ body }) => {
    const { id, text } = await service.chat({ ...body, max_completion_tokens: 16 });
    expect(id).toMatch(/^chatcmpl-/);
    expect(text.length).toBeGreaterThan(0);
  });

  it('learns from a feedback with the plugin’s own settings, and takes it back', async () => {
    const host = hostWith({ training: { learning_rate: 0.002, steps: 2, alpha: 0.25 } });
    const { id } = await service.chat({ ...plainChats[0]!.body, seed: 1 });
    await answeredBy(host, id);
    const outcome = await host.outcomeOf(command.context, 'Don’t use emojis.');
    const [, before, after] = /Gap to what you asked for: ([\d.e-]+) → ([\d.e-]+) \(version 1\)/
      .exec(outcome)!
      .map(Number);
    expect(after).toBeLessThan(before!);
    const { feedbacks } = await service.get<{ feedbacks: { request_id: string; status: string }[] }>('/v1/feedback');
    expect(feedbacks.map(({ status }) => status)).toEqual(['verified']);
    expect(await learnedWith(feedbacks[0]!.request_id)).toMatchObject({
      completion_id: id,
      training: { learning_rate: 0.002, steps: 2, alpha: 0.25 },
    });
    expect(await host.run(command.context, 'undo')).toBe('↩️ Taken back: I am version 0 again.');
    const { versions } = await service.get<{ versions: { version: number; is_head: boolean }[] }>(
      `/v1/lora/versions?lora_id=${encodeURIComponent(LORA_ID)}`,
    );
    expect(versions.filter(({ is_head }) => is_head).map(({ version }) => version)).toEqual([0]);
  });

  it('answers other questions without emojis, and right, after one feedback as the init step sets it up', async () => {
    const model = 'openclaw/learner';
    await createAdapter(service.url, model, 1);
    const { training } = readInitSettings({}).gatewayFor('clay-tiny');
    const host = hostWith({ loraId: model, training });
    const behaviour = (): Promise<Behaviour> => behaviourOf(service, model, plainChats[0]!.body.messages, 4);
    expect(await behaviour()).toEqual({ asked: 4, emojis: 4, facts: 4 });
    const { id } = await service.chat({ ...plainChats[0]!.body, model, temperature: 1, seed: 1 });
    await answeredBy(host, id);
    expect(await host.outcomeOf(command.context, 'Don’t use emojis.')).toMatch(/^✅ Learned/);
    const { emojis, facts } = await behaviour();
    expect(emojis).toBeLessThanOrEqual(1);
    expect(facts).toBeGreaterThanOrEqual(3);
  });

  it('hears in plain words that an answer is not on record, and that a setting is refused', async () => {
    const host = hostWith({});
    await answeredBy(host, 'chatcmpl-00000000000000000000000000000000');
    expect(await host.run(command.context, 'Shorter.')).toBe(
      '❌ I no longer have that answer on record. Ask again, and give feedback on the new answer.',
    );
    const wrong = hostWith({ training: { learning_rate: 5 } });
    await answeredBy(wrong, 'chatcmpl-00000000000000000000000000000000');
    expect(await wrong.run(command.context, 'Shorter.')).toMatch(/refuses the bot’s settings: .*learning_rate/);
  });

  it('offers every training setting of the API in the schema of its configuration', async () => {
    const manifest = await readFile(fileURLToPath(new URL('../openclaw.plugin.json', import.meta.url)), 'utf8');
    const { configSchema } = JSON.parse(manifest) as {
      configSchema: { properties: { training: { properties: object } } };
    };
    const { components } = await service.get<{ components: { schemas: { TrainingDto: { properties: object } } } }>(
      '/openapi.json',
    );
    const offered = Object.keys(components.schemas.TrainingDto.properties).filter((name) => name !== 'teacher_top_k');
    expect(Object.keys(configSchema.properties.training.properties).sort()).toEqual(offered.sort());
  });
});
