import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { DEFAULT_TRAINING_SETTINGS, LORA_MODULES, parseAdapterId } from '@claas/contracts';
import type { AdapterSource, DistillationTask, TrainerEvent } from '@claas/contracts';
import { exampleRollout } from '@claas/contracts/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Conversation } from './testing/conversation.js';
import type { SpokenTo } from './testing/conversation.js';

const PROGRAM = resolve(import.meta.dirname, '../dist/main.js');
const FIXTURES = resolve(import.meta.dirname, '__fixtures__');
const MODEL = resolve(import.meta.dirname, '../../../models/clay-tiny/model');
const LOAD = { id: 1, method: 'load', params: { modelDirectory: MODEL, baseModel: 'clay-tiny' } };
const WASM = { CLAAS_TENSOR_BACKEND: 'wasm' };

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

/** False when a process seems to live forever. */
async function dies(processId: number): Promise<boolean> {
  const deadline = performance.now() + 60_000;
  while (isAlive(processId)) {
    if (performance.now() > deadline) return false;
    await new Promise((next) => setTimeout(next, 10));
  }
  return true;
}

describe('the trainer process', () => {
  let root: string;
  let adapter: AdapterSource;
  let children: SpokenTo[] = [];

  function start(args: readonly string[] = [PROGRAM], env: Record<string, string> = WASM): Conversation {
    const child = spawn(process.execPath, [...args], { env, stdio: 'pipe' });
    children.push(child);
    return new Conversation(child, child.stdin);
  }

  async function startLoaded(): Promise<Conversation> {
    const trainer = start();
    trainer.send(LOAD);
    await trainer.end(1);
    return trainer;
  }

  async function longStep(id: number): Promise<{ id: number; method: string; params: DistillationTask }> {
    return {
      id,
      method: 'distill',
      params: {
        feedbackId: 'feedback',
        baseModel: 'clay-tiny',
        parent: adapter,
        outputDirectory: await mkdtemp(join(root, 'output-')),
        feedback: 'Do not use emojis.',
        rollout: exampleRollout('Paris! 😀'),
        settings: { ...DEFAULT_TRAINING_SETTINGS, steps: 16 },
      },
    };
  }

  const generate = (id: number, maxTokens: number) => ({
    id,
    method: 'generate',
    params: {
      prompt: { kind: 'text', text: 'The capital of France is' },
      sampling: { temperature: 0, topP: null, topK: null, seed: 1, maxTokens, stop: [], topLogprobs: 0 },
      adapter: null,
    },
  });

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'claas-trainer-'));
    adapter = { loraId: parseAdapterId('test/adapter'), version: 0, directory: await mkdtemp(join(root, 'adapter-')) };
    const trainer = start();
    const shape = { baseModel: 'clay-tiny', rank: 4, loraAlpha: 8, targetModules: LORA_MODULES, seed: 1 };
    trainer.send(LOAD);
    await trainer.end(1);
    trainer.send({ id: 2, method: 'init', params: { ...shape, outputDirectory: adapter.directory } });
    expect(await trainer.end(2)).toEqual({ id: 2, result: null });
    trainer.stdin.end();
    await trainer.exit();
  });

  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    children = [];
  });

  afterAll(async () => {
    await rm(root, { recursive: true });
  });

  it('loads once, says how far it is, and answers for the model that it holds only', async () => {
    const trainer = start();
    trainer.send(generate(9, 1));
    expect(await trainer.end(9)).toMatchObject({ error: { code: 'trainer_protocol' } });
    trainer.send(LOAD);
    expect(await trainer.end(1)).toMatchObject({
      result: {
        processId: trainer.child.pid,
        tensorBackend: 'wasm',
        baseModel: 'clay-tiny',
        contextLength: 2048,
        busy: false,
      },
    });
    const progress = trainer.events.flatMap((event) => ('progress' in event ? [event.progress] : []));
    expect(progress.at(-1)).toMatchObject({ phase: 'reading', loadedBytes: 12_328_960, totalBytes: 12_328_960 });
    trainer.send({ ...LOAD, id: 2 }, { ...LOAD, id: 3, params: { modelDirectory: '/other', baseModel: 'other' } });
    expect(await trainer.end(2)).toMatchObject({ result: { baseModel: 'clay-tiny' } });
    expect(await trainer.end(3)).toMatchObject({ error: { code: 'base_model_not_allowed' } });
  });

  it('says what is wrong with a base model, by file or by id', async () => {
    const trainer = start([PROGRAM], { ...WASM, HF_HUB_OFFLINE: '1', HF_HUB_CACHE: root });
    const load = (id: number, modelDirectory: string) => ({ ...LOAD, id, params: { modelDirectory, baseModel: 'x' } });
    trainer.send(load(1, root), load(2, 'nobody/has-this-one'));
    expect(await trainer.end(1)).toMatchObject({
      error: { code: 'base_model_invalid', message: expect.stringContaining('tokenizer') },
    });
    expect(await trainer.end(2)).toMatchObject({
      error: { code: 'base_model_invalid', message: expect.stringContaining('HF_HUB_OFFLINE') },
    });
  });

  it('keeps stdout for events, whatever libraries write to it', async () => {
    const trainer = start(['--import', join(FIXTURES, 'noisy-library.mjs'), PROGRAM]);
    trainer.send(LOAD);
    await trainer.end(1);
    const messages = trainer.logs.map((line) => (JSON.parse(line) as { message: string }).message);
    expect(messages).toEqual(expect.arrayContaining(['a library says 1', 'a library complains', 'a library writes']));
    expect(trainer.events.every(({ id }) => id === 1)).toBe(true);
  });

  it('answers what is malformed and goes on; a defect is internal, with its stack in the log only', async () => {
    const trainer = start();
    trainer.stdin.write('hello\n{"id":7,"method":"nap","params":{}}\n');
    expect(await trainer.end(7)).toMatchObject({ error: { code: 'trainer_protocol' } });
    trainer.send(LOAD, { id: 8, method: 'status', params: {} });
    await trainer.end(1);
    trainer.send({ id: 9, method: 'generate', params: {} });
    const defect = await trainer.end(9);
    expect(defect).toMatchObject({ error: { code: 'internal' } });
    expect(JSON.stringify(defect)).not.toContain('.js:');
    await expect.poll(() => trainer.logs.some((line) => line.includes('"stack"') && line.includes('.js:'))).toBe(true);
  });

  it('reads characters that are cut in two', async () => {
    const trainer = await startLoaded();
    const text = 'naïve 😀 日本語';
    const score = { prompt: { kind: 'text', text: 'Say it:' }, completion: { text }, adapter: null };
    const bytes = Buffer.from(`${JSON.stringify({ id: 2, method: 'score', params: score })}\n`);
    for (const byte of bytes) trainer.stdin.write(Buffer.of(byte));
    const { tokens } = ((await trainer.end(2)) as Extract<TrainerEvent<'score'>, { result: unknown }>).result;
    expect(tokens.join('')).toBe(text);
  });

  it('queues answers behind a step, lets a waiting one be cancelled, and answers status meanwhile', async () => {
    const trainer = await startLoaded();
    trainer.send(await longStep(2), generate(3, 4), generate(4, 4), { id: 5, method: 'cancel', params: { id: 4 } });
    expect(await trainer.end(4)).toMatchObject({ error: { code: 'cancelled' } });
    trainer.send({ id: 6, method: 'status', params: {} });
    expect(await trainer.end(6)).toMatchObject({ result: { busy: true } });
    await trainer.end(3);
    const ends = trainer.events.filter((event) => !('progress' in event)).map(({ id }) => id);
    expect(ends.indexOf(2)).toBeGreaterThan(0);
    expect(ends.indexOf(2)).toBeLessThan(ends.indexOf(3));
  });

  it('lets answers take turns, token by token', async () => {
    const trainer = await startLoaded();
    trainer.send(generate(2, 12), generate(3, 12));
    await Promise.all([trainer.end(2), trainer.end(3)]);
    const order = trainer.events.filter((event) => 'progress' in event && event.id > 1).map(({ id }) => id);
    expect(order.indexOf(3)).toBeLessThan(order.lastIndexOf(2));
    expect(order.indexOf(2)).toBeLessThan(order.lastIndexOf(3));
  });

  it('ends with code 0 at shutdown, after it has cancelled what ran', async () => {
    const trainer = await startLoaded();
    trainer.send(await longStep(2), { id: 3, method: 'shutdown', params: {} });
    expect(await trainer.exit()).toEqual({ code: 0, signal: null });
    expect(trainer.events).toContainEqual({ id: 3, result: null });
  });

  it('leaves Ctrl-C to its parent, and ends on SIGTERM', async () => {
    const trainer = await startLoaded();
    trainer.child.kill('SIGINT');
    trainer.send({ id: 2, method: 'status', params: {} });
    await trainer.end(2);
    trainer.child.kill('SIGTERM');
    expect(await trainer.exit()).toEqual({ code: 0, signal: null });
  });

  it('ends at once when its stdin is closed, also in the middle of a step', async () => {
    const trainer = await startLoaded();
    trainer.send(await longStep(2));
    await trainer.until((event) => event.id === 2 && 'progress' in event);
    trainer.stdin.end();
    expect(await dies(trainer.child.pid!)).toBe(true);
    expect(trainer.events).not.toContainEqual(expect.objectContaining({ id: 2, result: expect.anything() }));
  });

  /** The parent says its child's process id, then passes on what that says. */
  async function diesWithParentInMidStep(parent: SpokenTo, stdin: Writable): Promise<boolean> {
    children.push(parent);
    const [first] = (await once(parent.stdout, 'data')) as [Buffer];
    const trainer = Number(first.toString().split('\n')[0]);
    const conversation = new Conversation(parent, stdin);
    conversation.send(LOAD);
    await conversation.end(1);
    conversation.send(await longStep(2));
    await conversation.until((event) => event.id === 2 && 'progress' in event);
    parent.kill('SIGKILL');
    try {
      return await dies(trainer);
    } finally {
      if (isAlive(trainer)) process.kill(trainer, 'SIGKILL');
    }
  }

  it('does not outlive a parent that is killed in the middle of a step', async () => {
    const parent = spawn(process.execPath, [join(FIXTURES, 'parent.mjs'), PROGRAM, 'pipe'], { stdio: 'pipe' });
    expect(await diesWithParentInMidStep(parent, parent.stdin)).toBe(true);
  });

  it('does not do so either when its stdin and stdout stay open', async () => {
    const path = join(root, 'stdin');
    execFileSync('mkfifo', [path]);
    const fifo = await open(path, 'r+');
    try {
      const args = [join(FIXTURES, 'parent.mjs'), PROGRAM, 'inherit'];
      const parent = spawn(process.execPath, args, { stdio: [fifo.fd, 'pipe', 'pipe'] });
      const stdin = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          fifo.write(chunk).then(() => {
            done();
          }, done);
        },
      });
      expect(await diesWithParentInMidStep(parent as SpokenTo, stdin)).toBe(true);
    } finally {
      await fifo.close();
    }
  });

  it('ends when its parent says nothing for too long, and lives while empty lines come', async () => {
    const trainer = start([PROGRAM], { ...WASM, CLAAS_TRAINER_SILENCE_LIMIT_S: '3' });
    trainer.send({ id: 1, method: 'status', params: {} });
    const { result } = (await trainer.end(1)) as { result: { processId: number } };
    const child = children.at(-1) as ReturnType<typeof spawn>;
    for (let i = 0; i < 16; i++) {
      child.stdin?.write('\n');
      await new Promise((next) => setTimeout(next, 250));
    }
    expect(isAlive(result.processId)).toBe(true);
    expect(await dies(result.processId)).toBe(true);
  });

  it('ends the trainer that was started at the same place before', async () => {
    const folder = await mkdtemp(join(root, 'place-'));
    const place = { ...WASM, CLAAS_TRAINER_PROCESS_FILE: join(folder, 'trainer') };
    const answerOf = async (): Promise<number> => {
      const trainer = start([PROGRAM], place);
      trainer.send({ id: 1, method: 'status', params: {} });
      return ((await trainer.end(1)) as { result: { processId: number } }).result.processId;
    };
    const first = await answerOf();
    const second = await answerOf();
    // It is dead; that the system still knows its number for a moment is up to this process, its parent.
    expect(await dies(first)).toBe(true);
    expect(isAlive(second)).toBe(true);
    expect((await readFile(place.CLAAS_TRAINER_PROCESS_FILE, 'utf8')).split(' ')[0]).toBe(String(second));
  });
});
