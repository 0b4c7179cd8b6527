import { status } from '@grpc/grpc-js';
import type { DistillationTask } from '@claas/contracts';
import type { SandboxMachine } from '@claas/contracts/testing/modal';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ModalEngine } from './modal-engine.js';
import type { EngineWorld } from './testing/engine-world.js';
import { FAULT_LIMITS, StepWorld } from './testing/step-world.js';

describe('faults at Modal', () => {
  let steps: StepWorld;
  let world: EngineWorld;
  let opened: ReturnType<EngineWorld['open']>;
  let engine: ModalEngine;

  beforeAll(async () => {
    steps = await StepWorld.start();
    ({ world, opened } = steps);
    ({ engine } = opened);
  });

  afterAll(() => steps.close());

  const once = (act: () => void): (() => void) => {
    let isDone = false;
    return () => {
      if (!isDone) act();
      isDone = true;
    };
  };

  /** As soon as it runs: it may be given back before its step is known to have ended. */
  const sandboxOf = (owner: string): Promise<SandboxMachine> =>
    vi.waitFor(() => {
      const machine = world.double.sandboxes.running().find(({ tags }) => tags['owner'] === owner);
      if (machine === undefined) throw new Error(`no Sandbox of ${owner} runs`);
      return machine;
    }, 60_000);

  it('makes what the same step makes on this machine, and says what it cost', async () => {
    const outcome = await steps.step();
    steps.expectNewVersion(outcome);
    const { result } = outcome;
    expect(result?.receipt.compute).toEqual({ gpu: 'L40S', seconds: expect.any(Number) });
    expect(result!.receipt.compute!.seconds).toBeGreaterThan(0);
  });

  it('Sandbox taken away in the step: once more from the same parent, with the same bytes', async () => {
    steps.expectNewVersion(
      await steps.step(
        once(() => {
          world.double.sandboxes.preempt();
        }),
      ),
    );
  });

  it('Sandbox taken away each time: the client is told', async () => {
    await steps.expectOldVersion(
      await steps.step(() => {
        world.double.sandboxes.preempt();
      }),
      'trainer_crashed',
      /Sandbox.*was lost/,
    );
  });

  it('sync fails once: tried again', async () => {
    world.double.faults.set('sync', { kind: 'fail', times: 1 });
    steps.expectNewVersion(await steps.step());
  });

  it('sync fails each time: no version is announced', async () => {
    world.double.faults.set('sync', { kind: 'fail' });
    await steps.expectOldVersion(await steps.step(), 'engine_unavailable', /`sync \/claas` failed.*exit code 1/);
  });

  it('stdout cut for a moment: read on without a gap', async () => {
    world.double.faults.set('TaskExecStdioRead', { kind: 'reset', times: 4 });
    steps.expectNewVersion(await steps.step());
  });

  it('an empty-handed stdin write: sent again, and not twice', async () => {
    world.double.faults.set('TaskExecStdinWrite', { kind: 'fail', code: status.UNAVAILABLE, when: 'after', times: 2 });
    steps.expectNewVersion(await steps.step());
  });

  it('server of Modal restarted in the step: the step goes on', async () => {
    const restart = once(() => {
      world.double.die();
      setTimeout(() => void world.double.restart(), 300);
    });
    steps.expectNewVersion(await steps.step(restart));
  });

  it('Volume busy at reload: tried again', async () => {
    const copy = await steps.stage();
    world.double.faults.set('TaskReloadVolumes', { kind: 'fail', code: status.FAILED_PRECONDITION, times: 2 });
    await engine.initAdapter({
      baseModel: 'clay-tiny',
      rank: 2,
      loraAlpha: 4,
      targetModules: ['q_proj'],
      seed: 9,
      outputDirectory: copy,
    });
    // Nobody has this one there, so it is uploaded and the mount reloaded.
    const other = world.open({ owner: 'second' }, FAULT_LIMITS);
    expect(await other.engine.inspectAdapter({ directory: copy, baseModel: 'clay-tiny' })).toMatchObject({ rank: 2 });
    expect(other.transfer.uploads).toHaveLength(1);
    expect(world.double.rpcs().filter((rpc) => rpc === 'TaskReloadVolumes').length).toBeGreaterThanOrEqual(3);
    await other.engine.close();
    for (const machine of world.double.sandboxes.running()) {
      if (machine.tags['owner'] === 'second') world.double.sandboxes.preempt(machine.id);
    }
  });

  it('new version damaged on its way back: refused', async () => {
    const download = opened.transfer.download.bind(opened.transfer);
    const spy = vi.spyOn(opened.transfer, 'download').mockImplementation(async (path, names, directory) => {
      await download(path, names, directory);
      await appendFile(join(directory, 'adapter_model.safetensors'), 'x');
    });
    const outcome = await steps.step();
    spy.mockRestore();
    await steps.expectOldVersion(outcome, 'engine_unavailable', /adapter_model.safetensors did not come whole/);
  });

  it('Volume out of reach on the way back: the old version stays', async () => {
    const spy = vi.spyOn(opened.transfer, 'download').mockRejectedValue(new Error('connection reset'));
    const outcome = await steps.step();
    spy.mockRestore();
    await steps.expectOldVersion(outcome, 'engine_unavailable', /bringing the new version.*connection reset/);
  });

  it('no GPU free in time: said so, and the queued Sandbox is not left to start later', async () => {
    const patient = world.open({ owner: 'queue' }, { ...FAULT_LIMITS, schedulingMs: 700 });
    world.double.sandboxes.hasCapacity = false;
    const { error } = await steps.step(undefined, patient.engine);
    world.double.sandboxes.hasCapacity = true;
    expect(error).toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringMatching(/no L40S free within 0.7 s/),
    });
    expect(world.double.sandboxes.running().filter(({ tags }) => tags['owner'] === 'queue')).toEqual([]);
  });

  it('caller gives up while a GPU is looked for: cancelled at once', async () => {
    const { engine: other } = world.open({ owner: 'impatient' }, FAULT_LIMITS);
    world.double.sandboxes.hasCapacity = false;
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort();
    }, 200);
    const task = { parent: steps.parent, outputDirectory: await steps.stage() } as DistillationTask;
    await expect(other.distill(task, { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
    world.double.sandboxes.hasCapacity = true;
    await other.close();
  });

  it('creation refused by Modal: tried again at the next request', async () => {
    await steps.endSandbox();
    world.double.faults.set('SandboxCreate', { kind: 'fail', code: status.RESOURCE_EXHAUSTED });
    await steps.expectOldVersion(
      await steps.step(),
      'engine_unavailable',
      /no capacity, or the workspace's quota.*CLAAS_MODAL_GPU/,
    );
  });

  it('Modal out of reach: said so', async () => {
    await steps.endSandbox();
    world.double.faults.set('ImageGetByTag', { kind: 'fail', code: status.UNAVAILABLE });
    await steps.expectOldVersion(
      await steps.step(),
      'engine_unavailable',
      /Modal could not be used while looking up the image/,
    );
  });

  it('image not published: names the setting and the tool', async () => {
    await steps.endSandbox();
    world.double.faults.set('ImageGetByTag', { kind: 'fail', code: status.NOT_FOUND });
    const health = await engine.health();
    expect(health).toMatchObject({
      ready: false,
      problem: expect.stringMatching(/claas-trainer:latest is not published/),
    });
    await steps.expectOldVersion(await steps.step(), 'engine_unavailable', /tools\/modal-deploy.*CLAAS_MODAL_IMAGE/);
  });

  it('credentials refused: names the variables', async () => {
    await steps.endSandbox();
    world.double.faults.set('AppGetOrCreate', { kind: 'fail', code: status.UNAUTHENTICATED });
    await expect(engine.check()).rejects.toThrow(/MODAL_TOKEN_ID and MODAL_TOKEN_SECRET/);
    await steps.expectOldVersion(await steps.step(), 'engine_unavailable', /Modal refuses the credentials/);
  });

  it('service restarted: finds the warm Sandbox, ends the trainer that was left, and cleans up after it', async () => {
    const [before] = world.double.sandboxes.running();
    const trainers = world.trainers();
    expect(trainers).toHaveLength(1);
    const next = world.open({}, FAULT_LIMITS);
    expect(await next.trainer.attach()).toBe(true);
    expect(world.double.sandboxes.running().map(({ id }) => id)).toEqual([before!.id]);
    await vi.waitFor(
      () => {
        expect(world.trainers()).toHaveLength(1);
      },
      { timeout: 20_000 },
    );
    expect(world.trainers()).not.toEqual(trainers);
    steps.expectNewVersion(await steps.step(undefined, next.engine));
    await next.engine.close();
    expect(world.double.sandboxes.running()).toHaveLength(1);
  });

  it('another configuration: its Sandbox replaces the old one; without one, nothing is attached', async () => {
    const [before] = world.double.sandboxes.running();
    const next = world.open({ gpu: 'H100' }, FAULT_LIMITS);
    expect(await next.trainer.attach()).toBe(false);
    steps.expectNewVersion(await steps.step(undefined, next.engine));
    const running = world.double.sandboxes.running();
    expect(running.map(({ definition }) => definition.gpu)).toEqual(['H100']);
    expect(running[0]!.id).not.toBe(before!.id);
    await next.engine.close();
  });

  it('orphans of this deployment are ended, those of another left alone', async () => {
    const { client } = opened;
    const app = await client.apps.fromName('claas');
    const image = await client.images.fromName('claas-trainer:latest');
    const create = (owner: string) =>
      client.sandboxes.create(app, image, { gpu: 'L40S', command: ['sleep', '60'], tags: { claas: 'trainer', owner } });
    const [orphan, foreign] = [await create('test'), await create('somebody')];
    await steps.endSandbox();
    steps.expectNewVersion(await steps.step());
    expect([await orphan.poll(), await foreign.poll()]).toEqual([137, null]);
    await foreign.terminate();
  });

  it('nothing asked for a while: the Sandbox is given back, and another comes with the next request', async () => {
    const { engine: other } = world.open({ owner: 'idle', idleMs: 3_000 }, FAULT_LIMITS);
    const [outcome, machine] = await Promise.all([steps.step(undefined, other), sandboxOf('idle')]);
    steps.expectNewVersion(outcome);
    await machine.ended;
    steps.expectNewVersion(await steps.step(undefined, other));
    await other.close();
  });

  it('service gone without a word: its trainer ends, and with it, after its time, the Sandbox', async () => {
    const silent = { ...FAULT_LIMITS, silenceMs: 1_500, heartbeatMs: 60_000 };
    const { engine: other } = world.open({ owner: 'silent', idleMs: 3_000 }, silent);
    const [outcome, machine] = await Promise.all([steps.step(undefined, other), sandboxOf('silent')]);
    steps.expectNewVersion(outcome);
    await machine.ended;
    expect([...machine.execs.values()].every(({ exit }) => exit !== null)).toBe(true);
  });
});
