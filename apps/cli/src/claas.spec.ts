import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Interrupts } from './program/interrupts.js';
import { runClaas, type Outcome, type RunOptions } from './testing/run-claas.js';
import { freePort, RunningService } from './testing/running-service.js';

const PROGRAM = fileURLToPath(new URL('../bin/claas.mjs', import.meta.url));
const FAST = ['--learning-rate', '3e-3', '--steps', '2'];

let service: RunningService;
let directory: string;
beforeAll(async () => {
  service = await RunningService.start();
  directory = await mkdtemp(path.join(tmpdir(), 'claas-cli-files-'));
  for (const name of ['me/first', 'me/chat', 'me/kept'])
    expect((await claas(['init', name, '--rank', '8', '--alpha', '16', '--seed', '1'])).exitCode).toBe(0);
});
afterAll(async () => {
  await service.stop();
  await rm(directory, { recursive: true });
});

const claas = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
  runClaas(args, { url: service.url, ...options });

async function json(...args: string[]): Promise<ReturnType<typeof JSON.parse>> {
  return JSON.parse((await claas([...args, '--json'])).stdout);
}

/** The program as a process, as people start it. */
async function start(args: readonly string[], stdin: string): Promise<Outcome> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env['PATH'], CLAAS_URL: service.url },
    stdio: 'pipe',
  });
  child.stdin.end(stdin);
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { exitCode: exitCode as number, stdout, stderr };
}

describe('adapters', () => {
  it('are made and listed', async () => {
    expect(await claas(['init', 'you/other', '--rank', '4', '--alpha', '8'])).toEqual({
      exitCode: 0,
      stdout: 'Made you/other-init.\n',
      stderr: '`claas chat you/other` talks to it.\n',
    });
    const { stdout } = await claas(['list', 'you/']);
    expect(stdout.split('\n')[1]).toMatch(
      /^you\/other-init +0 +– +\d{4}-\d\d-\d\d \d\d:\d\d +clay-tiny +4 +you\/other, you\/other-latest$/,
    );
    expect(await claas(['list', 'nobody/'])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'None begins with nobody/.\n',
    });
    expect((await json('list', 'you/')).loras).toEqual(['you/other', 'you/other-init', 'you/other-latest']);
  });

  it('are made once, and --if-missing doesn’t mind', async () => {
    const again = await claas(['init', 'me/first']);
    expect(again.exitCode).toBe(4);
    expect(again.stderr).toMatch(/^error: .*me\/first.*\nChoose another name/);
    expect(await json('init', 'me/first', '--if-missing')).toEqual({ lora_id: 'me/first-init', created: false });
  });

  it('go out as an archive and come in again, with the same weights', async () => {
    const file = path.join(directory, 'kept.zip');
    expect((await claas(['export', 'me/kept', '-o', file])).stdout).toMatch(/^Saved .*kept\.zip \(\d+ kB\)\.\n$/);
    expect((await claas(['import', 'me/copy', file])).stdout).toBe('Made me/copy.\n');
    const [one, other] = await Promise.all(
      ['me/kept', 'me/copy'].map((name) => json('score', name, '-p', 'Hi', '-c', 'Hello')),
    );
    expect(one.logprobs).toEqual(other.logprobs);
    const again = await claas(['export', 'me/kept', '-o', file]);
    expect([again.exitCode, again.stderr]).toEqual([
      1,
      `error: ${file} exists already. --force overwrites it, --output names another.\n`,
    ]);
    await writeFile(file, 'no zip');
    expect(await claas(['import', 'me/broken', file])).toMatchObject({ exitCode: 4, stdout: '' });
    expect((await claas(['export', 'me/kept', '-o', file, '--force'])).exitCode).toBe(0);
    expect((await readFile(file)).subarray(0, 2).toString()).toBe('PK');
  });

  it('are removed when it is meant', async () => {
    await claas(['init', 'me/gone', '--rank', '4', '--alpha', '8']);
    const asked = await claas(['delete', 'me/gone-init']);
    expect([asked.exitCode, asked.stderr.split('\n')[0]]).toEqual([
      2,
      'error: Remove me/gone-init for good? Nobody can answer here: give --yes.',
    ]);
    expect((await json('list', 'me/gone')).loras).toHaveLength(3);
    expect((await claas(['delete', 'me/gone-init', '--yes'])).stdout).toBe('Removed me/gone-init.\n');
    expect((await json('list', 'me/gone')).loras).toEqual([]);
    expect((await claas(['delete', 'me/gone-init', '--yes'])).exitCode).toBe(4);
  });
});

describe('feedback', () => {
  it('to an answer by its id is learned, with a receipt', async () => {
    const shown = await claas([
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
    const learned = await claas(['feedback', 'me/first', "Don't use emojis.", '--completion', id, ...FAST]);
    expect(learned.exitCode).toBe(0);
    expect(learned.stdout).toMatch(
      /^Learned in [\d.]+ s: me\/first-init is at version 1\.\n {2}gap to the teacher {3}[\d.]+ → [\d.]+ \(−\d+ %\)\n/,
    );
    expect(learned.stdout).toMatch(/served and verified {2}yes, within/);
    expect(learned.stderr).toMatch(/^feedback \w+: (queued\n.*: )?training\n/);
    expect(learned.stderr).toMatch(/: verified\n$/);
    const [head] = (await json('versions', 'me/first')).versions;
    expect(head).toMatchObject({ version: 1, parent: 0, is_head: true, origin: 'feedback' });
    expect((await json('feedbacks', 'me/first')).feedbacks[0].request.training.steps).toBe(2);
  });

  it('to texts comes from arguments, files and standard input', async () => {
    const answer = path.join(directory, 'answer.txt');
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
    const learned = JSON.parse((await claas([...args, ...FAST], { stdin: 'No emojis,\nplease.\n' })).stdout);
    expect(learned).toMatchObject({ status: 'verified', version: 1 });
    expect(learned.request).toMatchObject({ response: 'The sky is blue! 😊', feedback: 'No emojis,\nplease.' });
    expect(learned.receipt.gap_after).toBeLessThan(learned.receipt.gap_before);
  });

  it('with the same key is learned once, and can be followed later', async () => {
    const args = ['feedback', 'you/other', 'Shorter.', '-p', 'Hi', '-r', 'Hello there', '--idempotency-key', 'k1'];
    const accepted = await json(...args, '--no-wait');
    const followed = await json('follow', accepted.request_id);
    expect(followed).toMatchObject({ request_id: accepted.request_id, status: 'verified', version: 1 });
    expect((await json(...args)).request_id).toBe(accepted.request_id);
    expect((await json('versions', 'you/other')).versions).toHaveLength(2);
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
    const { exitCode, stderr, stdout } = await claas(['feedback', ...complete]);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(new RegExp(`^error: .*${reason}.*\\n\`claas --help\``));
  });

  it('goes on when nobody waits any longer', async () => {
    const interrupts = new Interrupts(() => undefined);
    const args = ['feedback', 'me/first', 'Longer.', '-p', 'Hi', '-r', 'Hello', '--steps', '16'];
    const work = claas(args, { interrupts });
    const queued = async (): Promise<string> => (await json('feedbacks', 'me/first')).feedbacks[0].request_id as string;
    const before = await queued();
    let id = before;
    while (id === before) id = await queued();
    interrupts.fire();
    const { exitCode, stderr } = await work;
    expect(exitCode).toBe(130);
    expect(stderr).toContain(`claas follow ${id}`);
    expect(await json('follow', id)).toMatchObject({ status: 'verified' });
  });

  it('survives that the service is killed meanwhile', async () => {
    const work = claas(['feedback', 'me/first', 'Longer.', '-p', 'Hi', '-r', 'Hello', '--steps', '16', '--json']);
    const isTraining = async (): Promise<boolean> =>
      (await json('feedbacks', '--status', 'training')).feedbacks.length > 0;
    while (!(await isTraining())) await new Promise((resolve) => setTimeout(resolve, 20));
    await service.kill();
    await service.restart();
    const learned = JSON.parse((await work).stdout);
    expect(learned).toMatchObject({ status: 'verified', finished: true });
    const { versions } = await json('versions', 'me/first');
    const of = versions.filter(({ feedback_id }: { feedback_id: string }) => feedback_id === learned.request_id);
    expect(of).toHaveLength(1);
  });
});

describe('chat', () => {
  it('from a pipe answers, learns, and takes it back', async () => {
    const stdin = 'What is the capital\\\nof France?\n/feedback Don’t use emojis.\n/undo\n/new\n/quit\nnever asked\n';
    const { exitCode, stdout, stderr } = await start(
      ['chat', 'me/chat', '--seed', '1', '--temperature', '1', ...FAST],
      stdin,
    );
    expect([exitCode, stderr.replace(/feedback \w+: \w+\n/g, '')]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^.*Paris[^]*\nLearned in .*: me\/chat-init is at version 1\.\n[^]*\nme\/chat-init is back at version 0; 1 is undone\.\n\(a new conversation\)\n$/,
    );
    const { feedbacks } = await json('feedbacks', 'me/chat');
    expect(feedbacks).toHaveLength(1);
    expect(feedbacks[0].request.completion_id).toMatch(/^chatcmpl-/);
  });

  it('as JSON is one object a line, whose tokens make the answer', async () => {
    const { stdout } = await claas(['chat', 'me/chat', '--json', '--seed', '3', '--system', 'Be kind.'], {
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
    const { stdout } = await claas(['chat', 'clay-tiny', '--json', '--max-tokens', '8'], { stdin });
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
    await claas(['init', 'me/fresh', '--if-missing']);
    const { exitCode, stderr } = await claas(['chat', 'me/fresh'], { stdin });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`^error: ${reason}`));
  });

  it('cuts off an answer on Ctrl-C, and the conversation goes on without it', async () => {
    const interrupts = new Interrupts(() => undefined);
    const work = claas(['chat', 'me/chat', 'Tell me a long story.'], { interrupts });
    await new Promise((resolve) => setTimeout(resolve, 0));
    interrupts.fire();
    expect((await work).stdout).toMatch(/\(cancelled; it is not part of the conversation\)\n$/);
  });
});

describe('versions', () => {
  it('are gone back to', async () => {
    expect((await claas(['rollback', 'me/kept', '0'])).stdout).toMatch(
      /^me\/kept-init is at version 0 \(it was at \d+\)\.\n$/,
    );
    const { stdout } = await claas(['versions', 'me/kept'], { terminalColumns: 40 });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.at(-1)).toContain('* 0');
    expect(Math.max(...lines.map((line) => line.replace(/\u001b\[\d+m/g, '').length))).toBeLessThanOrEqual(40);
    expect((await claas(['rollback', 'me/kept', '99'])).exitCode).toBe(4);
  });
});

describe('the program', () => {
  it('tells of its health, with an exit code', async () => {
    const { exitCode, stdout } = await claas(['health']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/ is healthy\.\nPART +STATUS +ANSWERED IN +WITH\nengine +healthy .*clay-tiny/);
  });

  it('says in two lines that nothing answers, and as JSON', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { exitCode, stdout, stderr } = await runClaas(['list'], { url });
    expect([exitCode, stdout]).toEqual([3, '']);
    expect(stderr).toBe(
      `error: Nothing answers at ${url}: the connection was refused.\nIs CLaaS running there? \`npm start\` starts one here; --url or CLAAS_URL name another.\n`,
    );
    const error = JSON.parse((await runClaas(['list', '--json'], { url })).stdout);
    expect(error.error).toMatchObject({
      code: 'unreachable',
      detail: `Nothing answers at ${url}: the connection was refused.`,
    });
  });

  it('shows a problem of the service, and what to do', async () => {
    const { exitCode, stderr } = await claas(['versions', 'no/such']);
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(
      /^error: LoRA not found: no\/such\..*\n`claas list` shows the adapters, `claas init <name>` makes one\.\n$/,
    );
    const { error } = JSON.parse((await claas(['versions', 'no/such', '--json'])).stdout);
    expect(error).toMatchObject({ code: 'adapter_not_found', status: 404 });
  });

  it.each([
    ['nonsense'],
    ['list', '--nonsense'],
    ['rollback', 'me/first'],
    ['rollback', 'me/first', 'x'],
    ['--url', 'ftp://x', 'list'],
  ])('refuses %j %j %j', async (...args) => {
    const { exitCode, stderr, stdout } = await runClaas(args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: .*\n`claas --help` shows the commands/);
  });

  it('colours on a terminal only, unless NO_COLOR', async () => {
    const colored = '\u001b[32m';
    expect((await claas(['health'], { terminalColumns: 80 })).stdout).toContain(colored);
    expect((await claas(['health'], { terminalColumns: 80, env: { NO_COLOR: '1' } })).stdout).not.toContain(colored);
    expect((await claas(['health', '--no-color'], { terminalColumns: 80 })).stdout).not.toContain(colored);
    expect((await claas(['health'])).stdout).not.toContain(colored);
  });

  it('runs from the command line, with help and completion', async () => {
    const help = await start(['--help'], '');
    expect(help.exitCode).toBe(0);
    expect(help.stdout).toMatch(/^Usage: claas \[options\] \[command\]/);
    const completed = await start(['complete', '--', 'chat', '--json', 'me/ch'], '');
    expect(completed.stdout).toBe('me/chat\nme/chat-init\nme/chat-latest\n');
    const feedbackHelp = await runClaas(['feedback', '--help']);
    expect(feedbackHelp.exitCode).toBe(0);
    expect(feedbackHelp.stdout).toContain('Examples:\n  claas feedback me/first');
    expect((await runClaas([])).exitCode).toBe(2);
  });
});
