import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModalClient, type App, type Sandbox } from 'modal';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ModalDouble } from '../modal-double.js';

describe('Sandboxes of the double, through the SDK', () => {
  let program: string;
  let double: ModalDouble;
  let client: ModalClient;
  let app: App;

  beforeEach(async () => {
    program = await mkdtemp(join(tmpdir(), 'modal-image-'));
    double = await ModalDouble.start({
      image: { files: { '/opt/program': program }, environment: { GREETING: 'hello' } },
    });
    for (const [name, value] of Object.entries(double.environment)) vi.stubEnv(name, value);
    client = new ModalClient();
    app = await client.apps.fromName('claas', { createIfMissing: true });
    double.images.publish('worker:1');
  });

  afterEach(async () => {
    client.close();
    vi.unstubAllEnvs();
    await double.close();
    await rm(program, { recursive: true });
  });

  async function create(changes: Parameters<ModalClient['sandboxes']['create']>[2] = {}): Promise<Sandbox> {
    const volume = await client.volumes.fromName('loras', { createIfMissing: true, version: 2 });
    return client.sandboxes.create(app, await client.images.fromName('worker:1'), {
      gpu: 'L40S',
      command: ['sleep', 'infinity'],
      volumes: { '/data': volume },
      ...changes,
    });
  }

  it('runs the program of the image, with its streams, variables and exit code', async () => {
    await writeFile(
      join(program, 'echo.mjs'),
      `process.stdin.on('data', (chunk) => process.stdout.write(process.env.GREETING + process.env.NAME + chunk)).on('end', () => process.exit(3));`,
    );
    const sandbox = await create();
    const exec = await sandbox.exec(['node', '/opt/program/echo.mjs'], { env: { NAME: ' you: ' } });
    await exec.stdin.writeText('one');
    const reader = exec.stdout.getReader();
    expect((await reader.read()).value).toBe('hello you: one');
    await exec.stdin.close();
    expect(await exec.wait()).toBe(3);
    sandbox.detach();
  });

  it('reads on where a stream broke, with nothing twice', async () => {
    await writeFile(
      join(program, 'count.mjs'),
      `let i = 0; const timer = setInterval(() => { process.stdout.write(i + ' '); if (++i === 20) clearInterval(timer); }, 5);`,
    );
    const sandbox = await create();
    double.faults.set('TaskExecStdioRead', { kind: 'reset', times: 3 });
    const exec = await sandbox.exec(['node', '/opt/program/count.mjs']);
    expect(await exec.stdout.readText()).toBe(Array.from({ length: 20 }, (_, i) => `${i} `).join(''));
    sandbox.detach();
  });

  it('shows what a Volume holds, and gives it what is there at sync', async () => {
    const sandbox = await create();
    await (await sandbox.exec(['sh', '-c', 'echo from the sandbox > new.txt'], { workdir: '/data' })).wait();
    const tree = double.volumes.named('loras');
    expect(tree.file('new.txt')).toBeUndefined();
    expect(await (await sandbox.exec(['sync', '/data'])).wait()).toBe(0);
    const written = tree.file('new.txt');
    expect(await readFile(double.blocks.path(written!.blocks[0]!), 'utf8')).toBe('from the sandbox\n');

    const other = await create();
    tree.put('later.txt', written!);
    const cat = () => other.exec(['cat', '/data/later.txt']);
    expect(await (await cat()).wait()).not.toBe(0);
    await other.reloadVolumes();
    expect(await (await cat()).stdout.readText()).toBe('from the sandbox\n');

    double.faults.set('sync', { kind: 'fail', times: 1 });
    expect(await (await sandbox.exec(['sync', '/data'])).wait()).toBe(1);
    for (const each of [sandbox, other]) each.detach();
  });

  it('knows a Sandbox by its name and its tags, and has a name only once', async () => {
    const sandbox = await create({ name: 'trainer', tags: { claas: 'trainer', owner: 'a' } });
    await expect(create({ name: 'trainer' })).rejects.toThrow('already exists');
    const found = await client.sandboxes.fromName('claas', 'trainer');
    expect(found.sandboxId).toBe(sandbox.sandboxId);
    expect(await found.getTags()).toEqual({ claas: 'trainer', owner: 'a' });
    const listed: string[] = [];
    for await (const each of client.sandboxes.list({ appId: app.appId, tags: { owner: 'a' } }))
      listed.push(each.sandboxId);
    expect(listed).toEqual([sandbox.sandboxId]);
    await sandbox.terminate();
    await expect(client.sandboxes.fromName('claas', 'trainer')).rejects.toThrow('not found');
    expect(await found.poll()).toBe(137);
  });

  it('takes its processes along when it ends, and who reads them is told', async () => {
    const sandbox = await create();
    const exec = await sandbox.exec(['sh', '-c', 'echo $$; sleep 60']);
    const processId = Number((await exec.stdout.getReader().read()).value);
    double.sandboxes.preempt();
    expect(await sandbox.wait()).toBe(137);
    await vi.waitFor(
      () => {
        expect(() => process.kill(processId, 0)).toThrow('ESRCH');
      },
      { timeout: 20_000 },
    );
  });

  it('ends a Sandbox in which nothing has run for its time', async () => {
    const sandbox = await create({ idleTimeoutMs: 1000 });
    expect(await sandbox.wait()).toBe(137);
  });

  it('queues a Sandbox while there is no capacity', async () => {
    double.sandboxes.hasCapacity = false;
    const creating = create();
    await vi.waitFor(
      () => {
        expect(double.rpcs()).toContain('SandboxGetTaskId');
      },
      { timeout: 20_000 },
    );
    double.sandboxes.hasCapacity = true;
    const sandbox = await creating;
    expect(await (await sandbox.exec(['true'])).wait()).toBe(0);
    sandbox.detach();
  });

  it('gives Sandboxes without a GPU too, as the SDK asks for them then', async () => {
    const sandbox = await create({ gpu: undefined, name: 'service', encryptedPorts: [8080] });
    expect(double.rpcs()).toContain('SandboxCreateV2');
    expect((await sandbox.tunnels())[8080]?.tcpSocket).toEqual(['127.0.0.1', 8080]);
    expect((await client.sandboxes.fromName('claas', 'service')).sandboxId).toBe(sandbox.sandboxId);
    expect(await (await sandbox.exec(['true'])).wait()).toBe(0);
    sandbox.detach();
  });

  it('builds images layer by layer and publishes them by name and tag', async () => {
    const image = client.images.fromRegistry('node:22-slim').dockerfileCommands(['RUN npm install -g something']);
    await (await image.build(app)).publish('claas-trainer:2');
    expect([...double.images.published()]).toContainEqual([
      'claas-trainer:2',
      ['FROM node:22-slim', 'FROM base', 'RUN npm install -g something'],
    ]);
    await expect(client.images.fromName('claas-trainer:3')).rejects.toThrow('not found');
  });
});
