import { readdir } from 'node:fs/promises';
import type { AdapterSource } from '@claas/contracts';
import { ClaasError } from '@claas/contracts';
import { fingerprint } from '@claas/contracts/testing';
import type { TinkerFault } from '@claas/contracts/testing/tinker';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TinkerEngine } from './engine/tinker-engine.js';
import { shortTask, untrainedVersion } from './testing/short-task.js';
import { SHORT_TIMEOUTS, TinkerWorld } from './testing/tinker-world.js';
import type { TinkerConnection } from './tinker-connection.js';

/** `CLAAS_TINKER_FAULTS=all npx nx test engine-tinker` runs the cases too that take seconds each. */
const RUNS_ALL = process.env['CLAAS_TINKER_FAULTS'] === 'all';
const slow = it.skipIf(!RUNS_ALL);
if (!RUNS_ALL)
  console.warn('\n*** Slow cases of the fault table are not run: CLAAS_TINKER_FAULTS=all runs them. ***\n');

const RESTART_MS = 300;
const NEVER_ENDING = 100_000;
/** Where a fault doesn't end, so long is enough to see that. */
const IMPATIENT = { ...SHORT_TIMEOUTS, patienceMs: 700, requestMs: 2_000 };

let world: TinkerWorld;
let connection: TinkerConnection;
let engine: TinkerEngine;
let parent: AdapterSource;
let parentFiles: Readonly<Record<string, string>>;
let learnedWeights: string;

beforeAll(async () => {
  world = await TinkerWorld.create({ restartAfterMs: RESTART_MS });
  connection = world.connect({ timeouts: { ...SHORT_TIMEOUTS, patienceMs: 15_000 } });
  engine = world.engine(connection);
  parent = await untrainedVersion(world, engine, 'tests/faults');
  parentFiles = await fingerprint(parent.directory);
  const directory = await world.stage();
  await engine.distill(shortTask(parent, directory));
  world.versions.directories.add(directory);
  learnedWeights = await weightsOf(directory);
}, 60_000);

afterEach(async () => {
  await world.double.restarted();
  await world.double.clearFaults();
});

afterAll(async () => {
  await engine.close();
  await world.close();
});

async function weightsOf(directory: string): Promise<string> {
  return (await fingerprint(directory))['adapter_model.safetensors']!;
}

/** A step under faults: what became of it, and that everything else is as it should be. */
async function step(faults: readonly TinkerFault[], tried: TinkerEngine = engine): Promise<'learned' | ClaasError> {
  for (const fault of faults) await world.double.fault(fault);
  const directory = await world.stage();
  const outcome = await tried.distill(shortTask(parent, directory)).then(
    () => 'learned' as const,
    (error: unknown) => ClaasError.from(error),
  );
  await world.double.restarted();
  await world.double.clearFaults();

  expect(await fingerprint(parent.directory)).toEqual(parentFiles);
  if (outcome === 'learned') {
    // No lost answer and no second sending made anything count twice.
    expect(await weightsOf(directory)).toBe(learnedWeights);
    world.versions.directories.add(directory);
  } else {
    expect(await readdir(directory)).toEqual([]);
  }
  await expectNothingLeft(tried);
  return outcome;
}

/** Models and pending requests are gone, and the service keeps exactly the checkpoints that versions name. */
async function expectNothingLeft(tried: TinkerEngine): Promise<void> {
  await tried.settled();
  await tried.sweep();
  const { models, pending, checkpoints } = await world.double.state();
  // Each engine that is open may keep one: the base model that its teacher is asked from.
  const open = tried === engine ? 1 : 2;
  expect(models).toBeLessThanOrEqual(open);
  expect(pending).toBe(0);
  expect([...checkpoints].sort()).toEqual([...(await world.versions.checkpoints())].sort());
}

describe('a fault that passes: the step is learned, once', () => {
  const cases: readonly (readonly [string, readonly TinkerFault[]])[] = [
    ['no connection when a model is made', [{ call: 'create_model', kind: 'reset', times: 2 }]],
    ['the answer to create_model is lost', [{ call: 'create_model', kind: 'reset', when: 'after' }]],
    ['the answer to load_weights is lost', [{ call: 'load_weights', kind: 'reset', when: 'after' }]],
    ['the answer to forward_backward is lost', [{ call: 'forward_backward', kind: 'reset', when: 'after', skip: 1 }]],
    ['the answer to optim_step is lost', [{ call: 'optim_step', kind: 'reset', when: 'after' }]],
    ['the answer to save_weights is lost', [{ call: 'save_weights', kind: 'reset', when: 'after' }]],
    [
      'a storm of 429 on the sampler, which names a pause',
      [{ call: 'asample', kind: 'fail', status: 429, retryAfterSeconds: 0.05, times: 6 }],
    ],
    ['503 while the service is deployed', [{ call: 'forward_backward', kind: 'fail', status: 503, times: 3 }]],
    ['500 on optim_step', [{ call: 'optim_step', kind: 'fail', status: 500, times: 2 }]],
    [
      '408 and 409 on a submission',
      [
        { call: 'forward_backward', kind: 'fail', status: 408 },
        { call: 'optim_step', kind: 'fail', status: 409 },
      ],
    ],
    ['results that stay pending for a while', [{ call: 'retrieve_future', kind: 'pending', times: 12 }]],
    ['the promise of a model expires', [{ call: 'retrieve_future', kind: 'expire' }]],
    ['promises expire one after the other', [{ call: 'retrieve_future', kind: 'expire', times: 4, skip: 2 }]],
    ['billing is paused for a moment', [{ call: 'optim_step', kind: 'fail', status: 402, times: 2 }]],
    ['the archive is still being built', [{ call: 'archive', kind: 'fail', status: 503, times: 3 }]],
    ['the signed address is refused once', [{ call: 'archive_file', kind: 'fail', status: 503 }]],
    ['heartbeats are refused', [{ call: 'session_heartbeat', kind: 'fail', status: 503, times: 20 }]],
  ];
  it.each(cases)('%s', async (_, faults) => {
    expect(await step(faults)).toBe('learned');
  });

  const slowCases: typeof cases = [
    ['a storm of 429 on results', [{ call: 'retrieve_future', kind: 'fail', status: 429, times: 8 }]],
    ['the archive’s download breaks', [{ call: 'archive_file', kind: 'reset', times: 2 }]],
    ['the archive’s download breaks in the middle', [{ call: 'archive_file', kind: 'cut', times: 2 }]],
    ['a result breaks in the middle', [{ call: 'retrieve_future', kind: 'cut', times: 2 }]],
  ];
  slow.each(slowCases)('%s', async (_, faults) => {
    expect(await step(faults)).toBe('learned');
  });

  slow('a request that is never answered', async () => {
    const hasty = world.connect({ timeouts: { ...SHORT_TIMEOUTS, requestMs: 3_000, patienceMs: 15_000 } });
    const tried = world.engine(hasty);
    expect(await step([{ call: 'forward_backward', kind: 'hang' }], tried)).toBe('learned');
    await tried.close();
  });

  it('the session ends between two steps, as when heartbeats are missed', async () => {
    await world.double.endSessions();
    expect(await step([])).toBe('learned');
  });

  slow('the service is started again between two steps', async () => {
    await world.double.restart();
    expect(await step([])).toBe('learned');
  });
});

describe('a fault that does not pass: the adapter is as it was, and the error says why', () => {
  const cases: readonly (readonly [string, TinkerFault, string, RegExp])[] = [
    [
      'the service dies in the step',
      { call: 'forward_backward', kind: 'die', skip: 3 },
      'trainer_crashed',
      /lost .* send the request again/,
    ],
    ['the session ends in the step', { call: 'optim_step', kind: 'lose' }, 'trainer_crashed', /lost the session/],
    [
      'the update fails at the service',
      { call: 'retrieve_future', kind: 'server_error', skip: 6 },
      'trainer_crashed',
      /Nothing was saved/,
    ],
    [
      'the parent’s checkpoint is refused',
      { call: 'retrieve_future', kind: 'user_error', skip: 1 },
      'trainer_protocol',
      /load_weights \(user\)/,
    ],
  ];
  const refused = async (fault: TinkerFault, code: string, message: RegExp): Promise<void> => {
    expect(await step([fault])).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await step([])).toBe('learned');
  };
  it.each(cases)('%s', (_, fault, code, message) => refused(fault, code, message));

  const slowCases: typeof cases = [
    ['the service dies before the update', { call: 'optim_step', kind: 'die' }, 'trainer_crashed', /Nothing was saved/],
    [
      'the service dies between the two checkpoints',
      { call: 'save_weights_for_sampler', kind: 'die' },
      'trainer_crashed',
      /Nothing was saved/,
    ],
    [
      'promises expire again and again',
      { call: 'retrieve_future', kind: 'expire', times: NEVER_ENDING },
      'trainer_crashed',
      /expired again/,
    ],
  ];
  slow.each(slowCases)('%s', (_, fault, code, message) => refused(fault, code, message));

  const lasting: readonly (readonly [string, Omit<TinkerFault, 'times'>, string, RegExp])[] = [
    ['no capacity', { call: 'optim_step', kind: 'fail', status: 429 }, 'engine_unavailable', /no capacity/],
    ['billing stays paused', { call: 'save_weights', kind: 'fail', status: 402 }, 'engine_unavailable', /billing/],
    ['a wrong key', { call: 'create_model', kind: 'fail', status: 401 }, 'engine_unavailable', /CLAAS_TINKER_API_KEY/],
    [
      'a key that is revoked in the step',
      { call: 'save_weights', kind: 'fail', status: 403 },
      'engine_unavailable',
      /CLAAS_TINKER_API_KEY/,
    ],
    [
      'an archive that is never built',
      { call: 'archive', kind: 'fail', status: 503 },
      'engine_unavailable',
      /HTTP 503/,
    ],
    [
      'connections that break',
      { call: 'forward_backward', kind: 'reset' },
      'engine_unavailable',
      /can't be reached.*CLAAS_TINKER_BASE_URL/,
    ],
    [
      'a service that never answers',
      { call: 'load_weights', kind: 'hang' },
      'trainer_unresponsive',
      /did not answer in time/,
    ],
  ];
  it.each(lasting)('%s', async (_, fault, code, message) => {
    const tried = world.engine(world.connect({ timeouts: IMPATIENT }));
    const outcome = await step([{ ...fault, times: NEVER_ENDING }], tried);
    await tried.close();
    expect(outcome).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('what would be left behind', () => {
  it('checkpoints that could not be deleted at once are deleted by a later sweep', async () => {
    const refused = { call: 'delete_checkpoint', kind: 'fail', status: 503, times: NEVER_ENDING } as const;
    await world.double.fault(refused);
    await world.double.fault({ call: 'archive', kind: 'fail', status: 404 });
    await expect(engine.distill(shortTask(parent, await world.stage()))).rejects.toMatchObject({
      code: 'engine_unavailable',
    });
    await engine.settled();
    const named = (await world.versions.checkpoints()).size;
    expect((await world.double.state()).checkpoints.length).toBe(named + 2);
    await world.double.clearFaults();
    await expectNothingLeft(engine);
  });

  it('checkpoints of a process that died before its version was committed are deleted by the next one', async () => {
    const dying = world.engine(world.connect());
    await dying.distill(shortTask(parent, await world.stage()));
    await dying.settled();
    const next = world.engine(connection);
    expect(await next.sweep()).toHaveLength(2);
    await expectNothingLeft(next);
    await dying.close();
  });

  it('checkpoints of versions that are no longer kept are deleted, those of others stay', async () => {
    const directory = await world.stage();
    await engine.distill(shortTask(parent, directory));
    world.versions.directories.add(directory);
    await expectNothingLeft(engine);
    world.versions.directories.delete(directory);
    await expectNothingLeft(engine);
  });

  it('a step that is cancelled gives its model up', async () => {
    for (const skip of [0, 1, 4]) {
      await world.double.fault({ call: 'retrieve_future', kind: 'pending', times: 3, skip });
      const controller = new AbortController();
      const directory = await world.stage();
      const cancelled = engine.distill(shortTask(parent, directory), { signal: controller.signal });
      setTimeout(() => {
        controller.abort();
      }, 40 * skip);
      await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
      expect(await readdir(directory)).toEqual([]);
      await world.double.clearFaults();
      await expectNothingLeft(engine);
    }
  });

  it('closing gives the base model up and stops the heartbeats', async () => {
    const short = world.engine(world.connect());
    const before = (await world.double.state()).models;
    await short.distill(shortTask(parent, await world.stage()));
    await short.close();
    expect((await world.double.state()).models).toBe(before);
    await expectNothingLeft(world.engine(connection));
  });
});
