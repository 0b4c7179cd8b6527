import { afterEach, describe, expect, it } from 'vitest';
import { answersOf, capturedHooks, commandsOf } from '../testing/captured.js';
import { OpenClawHost } from '../testing/openclaw-host.js';
import { record, ScriptedClaas } from '../testing/scripted-claas.js';
import { until } from '../testing/until.js';

const [answer] = answersOf(capturedHooks);
const { context } = commandsOf(capturedHooks)[0]!;

let claas: ScriptedClaas | null = null;

async function hostBefore(
  script: ConstructorParameters<typeof ScriptedClaas>[0],
  settings: Readonly<Record<string, unknown>> = {},
  canSend = true,
): Promise<OpenClawHost> {
  claas = new ScriptedClaas(script);
  const config = { baseUrl: await claas.start(), ...settings };
  const host = new OpenClawHost(config, undefined, canSend).loadPlugin();
  await host.answered(answer!.event, answer!.context);
  return host;
}

const seen = (method: string): readonly string[] =>
  claas!.seen.filter((request) => request.method === method).map(({ path }) => path);
const keys = (): unknown[] =>
  claas!.seen.filter(({ path }) => path === '/v1/feedback').map(({ headers }) => headers['idempotency-key']);

afterEach(async () => {
  await claas?.stop();
  claas = null;
});

describe('/feedback', () => {
  it('says how it is used when nothing follows it', async () => {
    const host = await hostBefore(() => [500, {}]);
    expect(await host.run(context, '  ')).toContain('/feedback Don’t use emojis.');
    expect(claas!.seen).toEqual([]);
  });

  it('answers at once, and says what became of it when nothing remains to be done', async () => {
    let looks = 0;
    const host = await hostBefore(({ method }) => {
      if (method === 'POST') return [202, record({ finished: false, status: 'queued', version: null, receipt: null })];
      looks += 1;
      return looks < 3 ? [200, record({ finished: false, status: 'training', version: null })] : [200, record()];
    });
    expect(await host.run(context, 'Shorter.')).toContain('Learning from that');
    expect(host.sent).toEqual([]);
    const [said] = await until('the outcome', 60, () => (host.sent.length > 0 ? host.sent : null));
    expect(said!.text).toMatch(/^✅ Learned in 4\.2 s\. Gap to what you asked for: 0\.0298 → 0\.00331 \(version 3\)\./);
    expect(seen('GET')).toEqual(['/v1/feedback/f-1', '/v1/feedback/f-1', '/v1/feedback/f-1']);
  });

  it('waits with its answer in a channel that can only answer', async () => {
    const host = await hostBefore(() => [202, record()], {}, false);
    expect(await host.run(context, 'Shorter.')).toMatch(/^✅ Learned/);
  });

  it('says when it did not come closer, and what the receipt warns of', async () => {
    const receipt = { gap_before: 0.01, gap_after: 0.02, warnings: ['The gap grew.'] };
    const host = await hostBefore(() => [202, record({ receipt })]);
    const said = await host.outcomeOf(context, 'Shorter.');
    expect(said.split('\n').slice(1, 3)).toEqual([
      'It did not come closer. Say it in other words, or once more.',
      '⚠️ The gap grew.',
    ]);
  });

  it('says that it is still under way when its time is over', async () => {
    const host = await hostBefore(() => [202, record({ finished: false })], { timeoutSeconds: 1 });
    expect(await host.outcomeOf(context, 'Shorter.')).toBe(
      '⏳ Still learning after 1 s. It stays in the queue and will be applied.',
    );
  });

  it('is asked for again with the same key when the answer is lost', async () => {
    let posts = 0;
    const host = await hostBefore(({ method }) => {
      if (method === 'GET') return [200, record()];
      posts += 1;
      return posts < 3 ? 'hang up' : [202, record()];
    });
    expect(await host.outcomeOf(context, 'Shorter.')).toMatch(/^✅ Learned/);
    expect(keys()).toHaveLength(3);
    expect(new Set(keys()).size).toBe(1);
  });

  it('is one feedback while it is under way, and another one once it has ended', async () => {
    let finished = false;
    const host = await hostBefore(() => [202, record({ finished })]);
    await host.run(context, 'Shorter.');
    expect(await host.run(context, 'Shorter.')).toBe('I heard you the first time, and am still learning it.');
    finished = true;
    await until('the outcome', 60, () => host.sent.length > 0);
    await host.run(context, 'Shorter.');
    const [first, second, third] = keys();
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });
});

describe('what a chat hears when it fails', () => {
  const problem = (status: number, code: string, detail = 'Long words.'): readonly [number, unknown] => [
    status,
    { code, detail },
  ];

  it.each([
    [problem(404, 'completion_not_found'), /^❌ I no longer have that answer on record\. Ask again/],
    [problem(404, 'adapter_not_found'), /^❌ The model that should learn does not exist/],
    [problem(422, 'completion_not_of_adapter'), /^❌ That answer came from another model/],
    [problem(422, 'context_too_long'), /^❌ Our conversation is too long to learn from\. Start anew with \/new/],
    [
      problem(422, 'request_invalid', 'training.learning_rate must not be greater than 0.01'),
      /refuses the bot’s settings: training\.learning_rate/,
    ],
    [problem(500, 'something_new', 'The disk is full.'), /^❌ The learning service says: The disk is full\./],
    [[401, 'who are you'] as const, /^❌ The learning service doesn’t accept this bot’s key\./],
  ])('%j', async (answer, words) => {
    const host = await hostBefore(() => [answer[0], answer[1]]);
    expect(await host.run(context, 'Shorter.')).toMatch(words);
  });

  it('is that it was not learned, for a step that failed', async () => {
    const error = { code: 'step_not_finite', phase: 'distill', detail: 'A gradient was NaN.' };
    const host = await hostBefore(() => [202, record({ status: 'failed', version: null, receipt: null, error })]);
    expect(await host.outcomeOf(context, 'Shorter.')).toBe(
      '❌ I did not learn that. Learning from this would have damaged the model, so it was not applied. Try other words.',
    );
  });

  it('is that the service can’t be reached, for a server that is away', async () => {
    const host = await hostBefore(() => 'hang up');
    expect(await host.run(context, 'Shorter.')).toBe('❌ The learning service can’t be reached. Try again in a while.');
  }, 20_000);
});

describe('/feedback undo', () => {
  const versions = (head: number): unknown => ({
    lora_id: 'openclaw/assistant-init',
    versions: [4, 3, 2].map((version) => ({ version, is_head: version === head })),
  });

  it('goes back to the version before the last lesson of this conversation', async () => {
    const host = await hostBefore(({ path }) =>
      path.startsWith('/v1/lora/versions') ? [200, versions(3)] : [200, record()],
    );
    await host.outcomeOf(context, 'Shorter.');
    expect(await host.run(context, 'Undo')).toBe('↩️ Taken back: I am version 2 again.');
    expect(claas!.seen.at(-1)).toMatchObject({
      path: '/v1/lora/rollback',
      body: { lora_id: 'openclaw/assistant-init', version: 2 },
    });
    expect(await host.run(context, 'undo')).toBe('There is nothing from this conversation to take back.');
  });

  it('leaves alone what others have taught since', async () => {
    const host = await hostBefore(({ path }) =>
      path.startsWith('/v1/lora/versions') ? [200, versions(4)] : [200, record()],
    );
    await host.outcomeOf(context, 'Shorter.');
    expect(await host.run(context, 'undo')).toContain(
      'I have learned more since (I am version 4 now, your feedback made 3)',
    );
    expect(seen('POST')).toEqual(['/v1/feedback']);
  });

  it('is of this conversation only', async () => {
    const host = await hostBefore(() => [202, record()]);
    await host.outcomeOf(context, 'Shorter.');
    const other = commandsOf(capturedHooks)[1]!.context;
    expect(await host.run(other, 'undo')).toBe('There is nothing from this conversation to take back.');
  });

  it('knows of a lesson whose end the gateway did not see', async () => {
    let finished = false;
    const script = ({ path }: { path: string }): readonly [number, unknown] =>
      path.startsWith('/v1/lora/versions') ? [200, versions(3)] : [200, record({ finished })];
    const host = await hostBefore(script, { timeoutSeconds: 1 });
    expect(await host.outcomeOf(context, 'Shorter.')).toContain('⏳');
    const restarted = new OpenClawHost({ baseUrl: claas!.address }, host.stateFolder).loadPlugin();
    expect(await restarted.run(context, 'undo')).toContain('I am still learning');
    finished = true;
    expect(await restarted.run(context, 'undo')).toBe('↩️ Taken back: I am version 2 again.');
  });

  it('forgets a feedback that the service has forgotten', async () => {
    const host = await hostBefore(({ method }) =>
      method === 'POST'
        ? [202, record({ finished: false })]
        : [404, { code: 'feedback_not_found', detail: 'No such feedback.' }],
    );
    expect(await host.outcomeOf(context, 'Shorter.')).toMatch(/^❌ I don’t know what became of that feedback\./);
    expect(await host.run(context, 'undo')).toBe('There is nothing from this conversation to take back.');
  });

  it('waits for a feedback that is under way', async () => {
    const host = await hostBefore(() => [202, record({ finished: false })]);
    await host.run(context, 'Shorter.');
    expect(await host.run(context, 'undo')).toBe('I am still learning. Wait for it to end, then take it back.');
  });
});
