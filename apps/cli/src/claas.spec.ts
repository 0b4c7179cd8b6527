import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClientOnService } from './testing/client-on-service.js';
import { runClaas } from './testing/run-claas.js';
import { freePort } from './testing/running-service.js';

let client: ClientOnService;
beforeAll(async () => {
  client = await ClientOnService.start('me/first', 'me/chat', 'me/kept');
});
afterAll(() => client.stop());

describe('adapters', () => {
  it('are made and listed', async () => {
    expect(await client.run(['init', 'you/other', '--rank', '4', '--alpha', '8'])).toEqual({
      exitCode: 0,
      stdout: 'Made you/other-init.\n',
      stderr: '`claas chat you/other` talks to it.\n',
    });
    const { stdout } = await client.run(['list', 'you/']);
    expect(stdout.split('\n')[1]).toMatch(
      /^you\/other-init +0 +– +\d{4}-\d\d-\d\d \d\d:\d\d +clay-tiny +4 +you\/other, you\/other-latest$/,
    );
    expect(await client.run(['list', 'nobody/'])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: 'None begins with nobody/.\n',
    });
    expect((await client.json('list', 'you/')).loras).toEqual(['you/other', 'you/other-init', 'you/other-latest']);
  });

  it('are made once, and --if-missing doesn’t mind', async () => {
    const again = await client.run(['init', 'me/first']);
    expect(again.exitCode).toBe(4);
    expect(again.stderr).toMatch(/^error: .*me\/first.*\nChoose another name/);
    expect(await client.json('init', 'me/first', '--if-missing')).toEqual({ lora_id: 'me/first-init', created: false });
  });

  it('go out as an archive and come in again, with the same weights', async () => {
    const file = client.file('kept.zip');
    expect((await client.run(['export', 'me/kept', '-o', file])).stdout).toMatch(/^Saved .*kept\.zip \(\d+ kB\)\.\n$/);
    expect((await client.run(['import', 'me/copy', file])).stdout).toBe('Made me/copy.\n');
    const [one, other] = await Promise.all(
      ['me/kept', 'me/copy'].map((name) => client.json('score', name, '-p', 'Hi', '-c', 'Hello')),
    );
    expect(one.logprobs).toEqual(other.logprobs);
    const again = await client.run(['export', 'me/kept', '-o', file]);
    expect([again.exitCode, again.stderr]).toEqual([
      1,
      `error: ${file} exists already. --force overwrites it, --output names another.\n`,
    ]);
    await writeFile(file, 'no zip');
    expect(await client.run(['import', 'me/broken', file])).toMatchObject({ exitCode: 4, stdout: '' });
    expect((await client.run(['export', 'me/kept', '-o', file, '--force'])).exitCode).toBe(0);
    expect((await readFile(file)).subarray(0, 2).toString()).toBe('PK');
  });

  it('are removed when it is meant', async () => {
    await client.run(['init', 'me/gone', '--rank', '4', '--alpha', '8']);
    const asked = await client.run(['delete', 'me/gone-init']);
    expect([asked.exitCode, asked.stderr.split('\n')[0]]).toEqual([
      2,
      'error: Remove me/gone-init for good? Nobody can answer here: give --yes.',
    ]);
    expect((await client.json('list', 'me/gone')).loras).toHaveLength(3);
    expect((await client.run(['delete', 'me/gone-init', '--yes'])).stdout).toBe('Removed me/gone-init.\n');
    expect((await client.json('list', 'me/gone')).loras).toEqual([]);
    expect((await client.run(['delete', 'me/gone-init', '--yes'])).exitCode).toBe(4);
  });
});

describe('the program', () => {
  it('tells of its health, with an exit code', async () => {
    const { exitCode, stdout } = await client.run(['health']);
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
    const { exitCode, stderr } = await client.run(['versions', 'no/such']);
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(
      /^error: LoRA not found: no\/such\..*\n`claas list` shows the adapters, `claas init <name>` makes one\.\n$/,
    );
    const { error } = JSON.parse((await client.run(['versions', 'no/such', '--json'])).stdout);
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
    expect((await client.run(['health'], { terminalColumns: 80 })).stdout).toContain(colored);
    expect((await client.run(['health'], { terminalColumns: 80, env: { NO_COLOR: '1' } })).stdout).not.toContain(
      colored,
    );
    expect((await client.run(['health', '--no-color'], { terminalColumns: 80 })).stdout).not.toContain(colored);
    expect((await client.run(['health'])).stdout).not.toContain(colored);
  });

  it('runs from the command line, with help and completion', async () => {
    const help = await client.start(['--help'], '');
    expect(help.exitCode).toBe(0);
    expect(help.stdout).toMatch(/^Usage: claas \[options\] \[command\]/);
    const completed = await client.start(['complete', '--', 'chat', '--json', 'me/ch'], '');
    expect(completed.stdout).toBe('me/chat\nme/chat-init\nme/chat-latest\n');
    const feedbackHelp = await runClaas(['feedback', '--help']);
    expect(feedbackHelp.exitCode).toBe(0);
    expect(feedbackHelp.stdout).toContain('Examples:\n  claas feedback me/first');
    expect((await runClaas([])).exitCode).toBe(2);
  });
});
