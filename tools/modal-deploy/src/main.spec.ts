import { ModalDouble } from '@claas/contracts/testing/modal';
import { TRAINER_PROGRAM } from '@claas/engine-modal';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const WORKSPACE = resolve(import.meta.dirname, '../../..');
const MAIN = resolve(import.meta.dirname, '../dist/main.js');

describe('modal-deploy, against the double', () => {
  let double: ModalDouble;

  beforeEach(async () => {
    double = await ModalDouble.start({ image: { files: { '/opt/claas': WORKSPACE } } });
  });

  afterEach(() => double.close());

  async function run(args: readonly string[], changes: Record<string, string> = {}) {
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', ...double.environment, ...changes };
    const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { out, err, code: code as number };
  }

  it('builds an image with the programs in it, and publishes it; the same programs are the same image', async () => {
    const first = await run(['image', '--tag', 'claas-trainer:7']);
    expect(first.err).toContain('Building layer 3 of 3: done');
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining('CLAAS_MODAL_IMAGE=claas-trainer:7') });
    const commands = double.images.published().get('claas-trainer:7')!;
    const files = await filesIn(commands);
    expect(files).toContain(TRAINER_PROGRAM.replace('/opt/claas/', ''));
    expect(files).toEqual(
      expect.arrayContaining(['apps/api/dist/main.js', 'package-lock.json', 'libs/training/package.json']),
    );
    expect(files.filter((name) => /\.spec\.js$|\.d\.ts$/.test(name))).toEqual([]);
    const longest = Math.max(...commands.map((command) => command.length));
    expect(longest).toBeLessThan(128 * 1024);
    expect((await run(['image', '--tag', 'claas-trainer:8'])).code).toBe(0);
    expect(double.images.published().get('claas-trainer:8')).toEqual(commands);
  });

  it('publishes an image from a registry as it is', async () => {
    expect((await run(['image', '--from', 'ghcr.io/someone/claas-trainer-gpu:1'])).code).toBe(0);
    expect(double.images.published().get('claas-trainer:latest')).toEqual(['FROM ghcr.io/someone/claas-trainer-gpu:1']);
  });

  it('does nothing when it is only asked what it would do', async () => {
    expect((await run(['image', '--dry-run'])).out).toContain('published as claas-trainer:latest');
    const { out } = await run(['service', '--dry-run', '--ephemeral']);
    expect(out).toContain('MODAL_TOKEN_SECRET=********\n');
    expect(double.rpcs()).toEqual([]);
  });

  it('runs the service in a Sandbox, reached with its token, and ends it', async () => {
    double.images.publish('claas-trainer:latest');
    const port = await freePort();
    const args = ['service', '--ephemeral', '--port', String(port)];
    const { out, code, err } = await run(args);
    expect(err).toContain('Waiting until it answers: done');
    expect(code).toBe(0);
    expect(out).toContain(`authorization: Bearer connect-sb-v2-`);
    const health = await fetch(`http://127.0.0.1:${port}/v1/health`);
    expect(await health.json()).toMatchObject({
      status: 'healthy',
      engine: { details: { model_state: 'not_started' } },
    });
    expect((await run(['status'])).out).toMatch(/image {4}claas-trainer:latest: im-\w+\nservice {2}sb-v2-\d+/);

    const again = await run(args);
    expect(again.code).toBe(0);
    expect(double.sandboxes.running()).toHaveLength(1);
    expect((await run(['stop'])).out).toBe('The service is ended.\n');
    expect((await run(['stop'])).out).toBe('No service was running.\n');
    expect(double.sandboxes.running()).toEqual([]);
  });

  it('leaves nothing behind when the service does not start', async () => {
    double.images.publish('claas-trainer:latest');
    const { code, err } = await run(['service', '--ephemeral', '--port', '1'], { CLAAS_LOG_LEVEL: 'loud' });
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('The service ended with code 1') });
    expect(double.sandboxes.running()).toEqual([]);
  });

  it('says in one sentence what is wrong', async () => {
    const refused = await run(['image'], { MODAL_TOKEN_SECRET: 'wrong' });
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringMatching(/refuses the credentials: set MODAL_TOKEN_ID/),
    });
    expect((await run(['service', '--ephemeral'])).err).toMatch(/`modal-deploy image` builds and publishes the image/);
    expect((await run(['service'])).err).toMatch(/^CLAAS_DATABASE_URL is not set/);
    expect(await run(['deploy'])).toMatchObject({ code: 2, err: expect.stringContaining('--help') });
  });
});

/** What the pieces in the commands are, put together as the image does. */
async function filesIn(commands: readonly string[]): Promise<string[]> {
  const pieces = commands.flatMap((command) => /^RUN echo (\S+) >>? \/opt\/claas\.base64$/.exec(command)?.[1] ?? []);
  const names: string[] = [];
  const archive = extract();
  archive.on('entry', ({ name }, stream, next) => {
    names.push(name);
    stream.on('end', next).resume();
  });
  Readable.from([Buffer.from(pieces.join(''), 'base64')])
    .pipe(createGunzip())
    .pipe(archive);
  await once(archive, 'finish');
  return names;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
