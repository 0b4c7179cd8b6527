import type { TrainerEvent } from '@claas/contracts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MockInstance } from 'vitest';
import { cancel } from '../methods/cancel.js';
import type { MethodTable } from '../methods/method-table.js';
import { shutdown } from '../methods/shutdown.js';
import { status } from '../methods/status.js';
import { trainerSettings } from '../environment/trainer-settings.js';
import { TrainerSession } from '../session/trainer-session.js';
import { RequestLoop } from './request-loop.js';

/** Ends only when it is aborted. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(Object.assign(new Error('Aborted.'), { code: 'cancelled' }));
    });
  });
}

const SETTINGS = trainerSettings({});

const unused = (): Promise<never> => Promise.reject(new Error('not asked for here'));

describe('RequestLoop', () => {
  let events: TrainerEvent[];
  let exits: number[];
  let loop: RequestLoop;
  let log: MockInstance;

  beforeEach(() => {
    events = [];
    exits = [];
    log = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const methods: MethodTable = {
      status,
      cancel,
      shutdown,
      load: unused,
      init: unused,
      inspect: unused,
      prepare: unused,
      score: unused,
      distill: (_session, _params, { signal }) => untilAborted(signal),
      generate: (_session, _params, { onProgress }) => {
        onProgress({ tokenId: 1, text: 'a', logprob: -1, alternatives: [] });
        return Promise.resolve({ text: 'a' } as never);
      },
    };
    loop = new RequestLoop(
      new TrainerSession(SETTINGS),
      methods,
      (line) => events.push(JSON.parse(line) as TrainerEvent),
      (code) => exits.push(code),
    );
  });

  afterEach(() => {
    log.mockRestore();
  });

  const send = async (...requests: unknown[]): Promise<void> => {
    for (const request of requests) loop.accept(typeof request === 'string' ? request : JSON.stringify(request));
    await new Promise(setImmediate);
  };

  it('answers with progress first and then exactly one result, all with the id of the request', async () => {
    await send({ id: 7, method: 'generate', params: {} });
    expect(events).toEqual([
      { id: 7, progress: { tokenId: 1, text: 'a', logprob: -1, alternatives: [] } },
      { id: 7, result: { text: 'a' } },
    ]);
  });

  it.each([
    ['no JSON', 'hello'],
    ['half a line', '{"id":1,"method":"sta'],
    ['no object', '5'],
    ['null', 'null'],
    ['no id', '{"method":"status","params":{}}'],
    ['an id that is no integer', '{"id":1.5,"method":"status","params":{}}'],
  ])('logs %s, which nobody can be answered for, and goes on', async (_name, line) => {
    await send(line, { id: 1, method: 'status', params: {} });
    expect(events).toEqual([{ id: 1, result: expect.objectContaining({ processId: process.pid }) }]);
    expect(log).toHaveBeenCalledWith(expect.stringContaining('no request'));
  });

  it.each([
    ['a method that does not exist', { id: 1, method: 'nap', params: {} }],
    ['a method of Object', { id: 1, method: 'toString', params: {} }],
    ['a method that is no string', { id: 1, method: 3, params: {} }],
    ['no params', { id: 1, method: 'status' }],
    ['params that are a list', { id: 1, method: 'status', params: [] }],
  ])('answers %s with trainer_protocol', async (_name, request) => {
    await send(request);
    expect(events).toEqual([{ id: 1, error: expect.objectContaining({ code: 'trainer_protocol' }) }]);
  });

  it('reports a defect as internal, with its stack only in the log', async () => {
    await send({ id: 1, method: 'score', params: {} });
    expect(events).toEqual([{ id: 1, error: { code: 'internal', message: 'not asked for here', details: {} } }]);
    expect(log).toHaveBeenCalledWith(expect.stringContaining('request-loop.spec'));
  });

  it('cancels another request, which then fails with cancelled; unknown ids are fine', async () => {
    await send({ id: 1, method: 'distill', params: {} }, { id: 2, method: 'cancel', params: { id: 1 } });
    await send({ id: 3, method: 'cancel', params: { id: 99 } });
    expect(events).toContainEqual({ id: 1, error: expect.objectContaining({ code: 'cancelled' }) });
    expect(events).toContainEqual({ id: 2, result: null });
    expect(events).toContainEqual({ id: 3, result: null });
  });

  it('ignores a request with the id of one that runs', async () => {
    await send({ id: 1, method: 'distill', params: {} }, { id: 1, method: 'status', params: {} });
    expect(events).toEqual([]);
    await send({ id: 2, method: 'cancel', params: { id: 1 } });
    expect(events.filter(({ id }) => id === 1)).toHaveLength(1);
  });

  it('cancels what runs at shutdown, answers, and ends with code 0', async () => {
    await send({ id: 1, method: 'distill', params: {} }, { id: 2, method: 'shutdown', params: {} });
    expect(events).toContainEqual({ id: 1, error: expect.objectContaining({ code: 'cancelled' }) });
    expect(events).toContainEqual({ id: 2, result: null });
    expect(exits).toEqual([0]);
  });
});
