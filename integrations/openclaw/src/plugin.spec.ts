import { afterEach, describe, expect, it } from 'vitest';
import { answersOf, capturedHooks, commandsOf, plainChats, decoratedChats } from './testing/captured.js';
import { OpenClawHost } from './testing/openclaw-host.js';
import { record, ScriptedClaas } from './testing/scripted-claas.js';

const answers = answersOf(capturedHooks);
const commands = commandsOf(capturedHooks);
const completionOf = (index: number): unknown =>
  (answers[index]!.event.lastAssistant as { responseId: string }).responseId;

let claas: ScriptedClaas | null = null;

async function serve(answer: ConstructorParameters<typeof ScriptedClaas>[0]): Promise<string> {
  claas = new ScriptedClaas(answer);
  return claas.start();
}

const feedbacks = (): Readonly<Record<string, unknown>>[] =>
  claas!.seen.filter(({ path, method }) => method === 'POST' && path === '/v1/feedback').map(({ body }) => body!);

afterEach(async () => {
  await claas?.stop();
  claas = null;
});

describe('which answer a feedback is about', () => {
  it('is the newest one of its own conversation, in one session for all and in topics of one group', async () => {
    const host = new OpenClawHost({ baseUrl: await serve(() => [202, record()]) }).loadPlugin();
    for (const { event, context } of answers) await host.answered(event, context);
    for (const { context } of commands) await host.outcomeOf(context, `about ${context.to} ${context.messageThreadId}`);
    expect(feedbacks().map(({ completion_id, feedback }) => [completion_id, feedback])).toEqual([
      [completionOf(0), 'about telegram:1001 undefined'],
      [completionOf(1), 'about telegram:1002 undefined'],
      [completionOf(2), 'about telegram:-1005 7'],
      [completionOf(3), 'about telegram:-1005 8'],
    ]);
  });

  it('is said in the conversation that it came from, topic included', async () => {
    const host = new OpenClawHost({ baseUrl: await serve(() => [202, record()]) }).loadPlugin();
    await host.answered(answers[2]!.event, answers[2]!.context);
    await host.outcomeOf(commands[2]!.context, 'Greener.');
    expect(host.sent).toEqual([
      {
        channel: 'telegram',
        to: 'telegram:-1005',
        threadId: 7,
        text: '✅ Learned in 4.2 s. Gap to what you asked for: 0.0298 → 0.00331 (version 3).\n/feedback undo takes it back.',
      },
    ]);
  });

  it('is none where nothing was answered, and none after an answer of another provider', async () => {
    const host = new OpenClawHost({ baseUrl: await serve(() => [202, record()]) }).loadPlugin();
    const none = 'There is no answer of mine here to give feedback on. Ask me something first.';
    expect(await host.run(commands[0]!.context, 'Shorter.')).toBe(none);
    await host.answered(answers[0]!.event, answers[0]!.context);
    await host.answered({ ...answers[0]!.event, provider: 'openai' }, answers[0]!.context);
    expect(await host.run(commands[0]!.context, 'Shorter.')).toBe(none);
    expect(claas!.seen).toEqual([]);
  });

  it('is not what a heartbeat made', async () => {
    const host = new OpenClawHost({ baseUrl: await serve(() => [202, record()]) }).loadPlugin();
    await host.answered(answers[0]!.event, answers[0]!.context);
    const heartbeat = { ...answers[0]!.event, lastAssistant: { responseId: 'chatcmpl-heartbeat' } };
    await host.answered(heartbeat, { ...answers[0]!.context, trigger: 'heartbeat' });
    await host.outcomeOf(commands[0]!.context, 'Shorter.');
    expect(feedbacks().map(({ completion_id }) => completion_id)).toEqual([completionOf(0)]);
  });

  it('is remembered over a restart of the gateway', async () => {
    const config = { baseUrl: await serve(() => [202, record()]) };
    const host = new OpenClawHost(config).loadPlugin();
    await host.answered(answers[0]!.event, answers[0]!.context);
    const restarted = new OpenClawHost(config, host.stateFolder).loadPlugin();
    await restarted.outcomeOf(commands[0]!.context, 'Shorter.');
    expect(feedbacks().map(({ completion_id }) => completion_id)).toEqual([completionOf(0)]);
  });
});

describe('the settings of the plugin', () => {
  it('decide where, with what key, to which adapter and how it is learned', async () => {
    const baseUrl = await serve(() => [202, record()]);
    const training = { learning_rate: 0.003, alpha: 0, steps: 4 };
    const host = new OpenClawHost({ baseUrl: `${baseUrl}/v1/`, apiKey: 'k', loraId: 'ann/own', training }).loadPlugin();
    await host.answered(answers[0]!.event, answers[0]!.context);
    await host.outcomeOf(commands[0]!.context, 'Shorter.');
    const [post] = claas!.seen;
    expect(post).toMatchObject({
      path: '/v1/feedback',
      headers: { authorization: 'Bearer k', prefer: 'respond-async' },
    });
    expect(post!.body).toEqual({ lora_id: 'ann/own', completion_id: completionOf(0), feedback: 'Shorter.', training });
  });

  it('leave the adapter to the answer and the training to the API when they are silent', async () => {
    const host = new OpenClawHost({ baseUrl: await serve(() => [202, record()]) }).loadPlugin();
    await host.answered(answers[0]!.event, answers[0]!.context);
    await host.outcomeOf(commands[0]!.context, 'Shorter.');
    const [post] = claas!.seen;
    expect(post!.body).toEqual({ lora_id: 'openclaw/assistant', completion_id: completionOf(0), feedback: 'Shorter.' });
    expect(post!.headers).not.toHaveProperty('authorization');
  });

  it('decide whose answers count', async () => {
    const host = new OpenClawHost({ baseUrl: await serve(() => [202, record()]), provider: 'mine' }).loadPlugin();
    await host.answered({ ...answers[0]!.event, provider: 'mine' }, answers[0]!.context);
    await host.outcomeOf(commands[0]!.context, 'Shorter.');
    expect(feedbacks()).toHaveLength(1);
  });

  it('replace OpenClaw’s prompt and additions only when they say so', () => {
    const silent = new OpenClawHost({}).loadPlugin();
    expect([silent.promptChanges(), silent.textTransforms]).toEqual([[], []]);
    const host = new OpenClawHost({ systemPrompt: 'Be kind.', plainPrompts: true }).loadPlugin();
    expect(host.promptChanges()).toEqual([{ systemPrompt: 'Be kind.' }]);
    const bare = (text: string): string =>
      host.textTransforms.reduce((now, { from, to }) => now.replace(from, to), text);
    const said = decoratedChats[0]!.body.messages
      .filter(({ role }) => role === 'user')
      .map(({ content }) => bare(content));
    expect(said).toEqual(['What is the capital of France?', '']);
    expect(bare('[x] I wrote this at 12:30 today.')).toBe('[x] I wrote this at 12:30 today.');
  });

  it('stop the plugin when they are wrong', () => {
    expect(() => new OpenClawHost({ baseURL: 'http://x' }).loadPlugin()).toThrow('"baseURL" is not a setting');
  });
});

describe('what OpenClaw sends', () => {
  it('streams, names the adapter, and ends with a message of its own', () => {
    for (const { body } of [...plainChats, ...decoratedChats]) {
      expect(body).toMatchObject({
        model: 'openclaw/assistant',
        stream: true,
        stream_options: { include_usage: true },
      });
      expect(body.messages.slice(-2).map(({ role }) => role)).toEqual(['user', 'user']);
    }
  });
});
