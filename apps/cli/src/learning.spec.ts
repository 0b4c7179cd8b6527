import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Interrupts } from './program/interrupts.js';
import { ClientOnService } from './testing/client-on-service.js';

const FAST = ['--learning-rate', '3e-3', '--steps', '2'];

let client: ClientOnService;
beforeAll(async () => {
  client = await ClientOnService.start('me/first', 'me/chat', 'me/kept', 'you/other');
});
afterAll(() => client.stop());

describe('feedback', () => {
  it('to an answer by its id is learned, with a receipt', async () => {
    const shown = await client.run([
      'chat',
      'me/first',
      'What is the capital of France?',
      '--seed',
      '1',
      '--temperature',
      '1',
      '--ids',
    ]);
    const id = /chatcmpl-\w+/.exec(shown.stdout)?.[0] ?? '';
    const learned = await client.run(['feedback', 'me/first', "Don't use emojis.", '--completion', id, ...FAST]);
    expect(learned.exitCode).toBe(0);
    expect(learned.stdout).toMatch(
      /^Learned in [\d.]+ s: me\/first-init is at version 1\.\n {2}gap to the teacher {3}[\d.]+ → [\d.]+ \(−\d+ %\)\n/,
    );
    expect(learned.stdout).toMatch(/served and verified {2}yes, within/);
    expect(learned.stderr).toMatch(/^feedback \w+: (queued\n.*: )?training\n/);
    expect(learned.stderr).toMatch(/: verified\n$/);
    const [head] = (await client.json('versions', 'me/first')).versions;
    expect(head).toMatchObject({ version: 1, parent: 0, is_head: true, origin: 'feedback' });
    expect((await client.json('feedbacks', 'me/first')).feedbacks[0].request.training.steps).toBe(2);
  });

  it('to texts comes from arguments, files and standard input', async () => {
    const answer = client.file('answer.txt');
    await writeFile(answer, 'The sky is blue! 😊\n');
    const args = [
      'feedback',
      'me/kept',
      '-',
      '--prompt',
      'What color is the sky?',
      '--response-file',
      answer,
      '--json',
    ];
    const learned = JSON.parse((await client.run([...args, ...FAST], { stdin: 'No emojis,\nplease.\n' })).stdout);
    expect(learned).toMatchObject({ status: 'verified', version: 1 });
    expect(learned.request).toMatchObject({ response: 'The sky is blue! 😊', feedback: 'No emojis,\nplease.' });
    expect(learned.receipt.gap_after).toBeLessThan(learned.receipt.gap_before);
  });

  it('with the same key is learned once, and can be followed later', async () => {
    const args = ['feedback', 'you/other', 'Shorter.', '-p', 'Hi', '-r', 'Hello there', '--idempotency-key', 'k1'];
    const accepted = await client.json(...args, '--no-wait');
    const followed = await client.json('follow', accepted.request_id);
    expect(followed).toMatchObject({ request_id: accepted.request_id, status: 'verified', version: 1 });
    expect((await client.json(...args)).request_id).toBe(accepted.request_id);
    expect((await client.json('versions', 'you/other')).versions).toHaveLength(2);
  });

  it.each([
    [['me/first'], 'What is the feedback\\?'],
    [['me/first', 'Good.'], 'Say what was answered'],
    [['me/first', 'Good.', '-p', 'Hi'], 'Give the answer'],
    [['me/first', 'Good.', '-c', 'x', '-p', 'Hi'], '--completion names the answer already'],
    [['me/first', '-', '-p', 'Hi', '--response-file', '-', '-t', '-'], 'Only one of the files'],
    [['me/first', 'Good.', '-c', 'x', '--steps', 'many'], 'must be a whole number'],
  ])('that is incomplete is refused here: %j', async (args, reason) => {
    // A subject is checked before the text.
    const complete = args.length === 1 ? [...args, '-c', 'x'] : args;
    const { exitCode, stderr, stdout } = await client.run(['feedback', ...complete]);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(new RegExp(`^error: .*${reason}.*\\n\`claas --help\``));
  });

  it('goes on when nobody waits any longer', async () => {
    const interrupts = new Interrupts(() => undefined);
    const args = ['feedback', 'me/first', 'Longer.', '-p', 'Hi', '-r', 'Hello', '--steps', '16'];
    const work = client.run(args, { interrupts });
    const queued = async (): Promise<string> =>
      (await client.json('feedbacks', 'me/first')).feedbacks[0].request_id as string;
    const before = await queued();
    let id = before;
    while (id === before) id = await queued();
    interrupts.fire();
    const { exitCode, stderr } = await work;
    expect(exitCode).toBe(130);
    expect(stderr).toContain(`claas follow ${id}`);
    expect(await client.json('follow', id)).toMatchObject({ status: 'verified' });
  });

  it('survives that the service is killed meanwhile', async () => {
    const work = client.run(['feedback', 'me/first', 'Longer.', '-p', 'Hi', '-r', 'Hello', '--steps', '16', '--json']);
    const isTraining = async (): Promise<boolean> =>
      (await client.json('feedbacks', '--status', 'training')).feedbacks.length > 0;
    while (!(await isTraining())) await new Promise((resolve) => setTimeout(resolve, 20));
    await client.service.kill();
    await client.service.restart();
    const learned = JSON.parse((await work).stdout);
    expect(learned).toMatchObject({ status: 'verified', finished: true });
    const { versions } = await client.json('versions', 'me/first');
    const of = versions.filter(({ feedback_id }: { feedback_id: string }) => feedback_id === learned.request_id);
    expect(of).toHaveLength(1);
  });
});

describe('chat', () => {
  it('from a pipe answers, learns, and takes it back', async () => {
    const stdin = 'What is the capital\\\nof France?\n/feedback Don’t use emojis.\n/undo\n/new\n/quit\nnever asked\n';
    const { exitCode, stdout, stderr } = await client.start(
      ['chat', 'me/chat', '--seed', '1', '--temperature', '1', ...FAST],
      stdin,
    );
    expect([exitCode, stderr.replace(/feedback \w+: \w+\n/g, '')]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^.*Paris[^]*\nLearned in .*: me\/chat-init is at version 1\.\n[^]*\nme\/chat-init is back at version 0; 1 is undone\.\n\(a new conversation\)\n$/,
    );
    const { feedbacks } = await client.json('feedbacks', 'me/chat');
    expect(feedbacks).toHaveLength(1);
    expect(feedbacks[0].request.completion_id).toMatch(/^chatcmpl-/);
  });

  it('as JSON is one object a line, whose tokens make the answer', async () => {
    const { stdout } = await client.run(['chat', 'me/chat', '--json', '--seed', '3', '--system', 'Be kind.'], {
      stdin: 'Hello\n',
    });
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const answer = events.at(-1);
    expect(answer).toMatchObject({ type: 'answer', finish_reason: 'stop', version: 0 });
    expect(
      events
        .slice(0, -1)
        .map((event) => event.text)
        .join(''),
    ).toBe(answer.text);
  });

  it('sends the conversation along, until a new one begins', async () => {
    const stdin = 'Hello\nHello\n/new\nHello\n';
    const { stdout } = await client.run(['chat', 'clay-tiny', '--json', '--max-tokens', '8'], { stdin });
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const sizes = events.filter(({ type }) => type === 'answer').map(({ usage }) => usage.prompt_tokens);
    expect(sizes).toHaveLength(3);
    expect(sizes[1] - sizes[0]).toBeGreaterThan(8);
    expect(sizes[2]).toBe(sizes[0]);
  });

  it.each([
    ['/feedback Good.\n', 'There is no answer yet'],
    ['/undo\n', 'There is nothing to undo'],
    ['/what\n', 'There is no /what'],
  ])('refuses %j', async (stdin, reason) => {
    await client.run(['init', 'me/fresh', '--if-missing']);
    const { exitCode, stderr } = await client.run(['chat', 'me/fresh'], { stdin });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`^error: ${reason}`));
  });

  it('cuts off an answer on Ctrl-C, and the conversation goes on without it', async () => {
    const interrupts = new Interrupts(() => undefined);
    const work = client.run(['chat', 'me/chat', 'Tell me a long story.'], { interrupts });
    await new Promise((resolve) => setTimeout(resolve, 0));
    interrupts.fire();
    expect((await work).stdout).toMatch(/\(cancelled; it is not part of the conversation\)\n$/);
  });
});

describe('versions', () => {
  it('are gone back to', async () => {
    expect((await client.run(['rollback', 'me/kept', '0'])).stdout).toMatch(
      /^me\/kept-init is at version 0 \(it was at \d+\)\.\n$/,
    );
    const { stdout } = await client.run(['versions', 'me/kept'], { terminalColumns: 40 });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.at(-1)).toContain('* 0');
    expect(Math.max(...lines.map((line) => line.replace(/\u001b\[\d+m/g, '').length))).toBeLessThanOrEqual(40);
    expect((await client.run(['rollback', 'me/kept', '99'])).exitCode).toBe(4);
  });
});
