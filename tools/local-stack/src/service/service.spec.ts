import { afterEach, describe, expect, it } from 'vitest';
import type { HealthLook, ServicePlan } from '../plan/service-plan.js';
import { isAlive } from '../process/process-identity.js';
import { freePort, until } from '../testing/make-settings.js';
import { pauseAfter } from './back-off.js';
import { Service } from './service.js';
import type { ServiceLimits } from './service-limits.js';

const LIMITS: ServiceLimits = {
  lookEveryMs: 30,
  unresponsiveMs: 2_000,
  stopMs: 2_000,
  firstPauseMs: 10,
  longestPauseMs: 40,
  settledMs: 60_000,
  failures: 3,
};

const services: Service[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop(new AbortController().signal);
});

interface Trial {
  readonly service: Service;
  readonly said: string[];
  readonly run: Promise<unknown>;
}

/** A server of `routes` (path → JavaScript that answers), as a process. */
async function trial(
  kind: HealthLook['kind'],
  routes: Readonly<Record<string, string>>,
  limits: Partial<ServiceLimits> = {},
): Promise<Trial> {
  const port = await freePort();
  const cases = Object.entries(routes).map(
    ([path, script]) => `if (request.url === ${JSON.stringify(path)}) { ${script} }`,
  );
  const script = `
    let asked = 0; const control = {};
    require("node:http").createServer((request, response) => { asked += 1; ${cases.join(' else ')} else response.writeHead(404).end(); })
      .listen(${port}, "127.0.0.1");`;
  return begin(kind, [process.execPath, '-e', script], `http://127.0.0.1:${port}`, limits);
}

function begin(
  kind: HealthLook['kind'],
  command: readonly string[],
  url: string | null,
  limits: Partial<ServiceLimits>,
): Trial {
  const plan: ServicePlan = {
    name: kind,
    command,
    workingDirectory: '/',
    env: {},
    ports: [],
    health: { kind, url },
    startLimitMs: 60_000,
  };
  const said: string[] = [];
  const service = new Service(
    plan,
    { PATH: process.env['PATH'] },
    { ...LIMITS, ...limits },
    {
      line: () => undefined,
      say: (text) => said.push(text),
      changed: () => undefined,
    },
  );
  services.push(service);
  const run = service
    .run(() => undefined)
    .then(
      () => null,
      (error: unknown) => error,
    );
  return { service, said, run };
}

const OK = 'response.end("{}")';

describe('a service', () => {
  it('is ready when its health says so, and starts again when it was killed', async () => {
    const { service, said } = await trial('api', { '/readyz': OK });
    await until(() => service.state === 'ready');
    const first = service.identity!;
    process.kill(first.processId, 'SIGKILL');
    await until(() => service.restarts === 1 && service.state === 'ready');
    expect(isAlive(first)).toBe(false);
    expect(service.identity?.processId).not.toBe(first.processId);
    expect(said).toContain('api starts again in 0.01 s');
    expect(said.some((text) => text.startsWith('api ended: killed by SIGKILL, perhaps out of memory'))).toBe(true);
  });

  it('that sleeps is not taken for dead, whatever it doesn’t answer meanwhile', async () => {
    // Asleep after the third look: its health answers, and a look at the sleep itself fails from time to time.
    const { service, said } = await trial('vllm', {
      '/health': OK,
      '/is_sleeping':
        'if (asked % 3 === 0) return request.socket.destroy(); response.end(JSON.stringify({ is_sleeping: asked > 6 }))',
    });
    await until(() => service.state === 'sleeping');
    const { processId } = service.identity!;
    await new Promise((resolve) => setTimeout(resolve, 20 * LIMITS.lookEveryMs));
    expect([service.identity?.processId, service.restarts]).toEqual([processId, 0]);
    expect(said).toContain('vllm sleeps while a step has the GPU');
  });

  it('whose engine is dead is ended and started again', async () => {
    const { service, said } = await trial('vllm', {
      '/health': 'response.writeHead(asked > 5 ? 503 : 200).end()',
      '/is_sleeping': 'response.end(JSON.stringify({ is_sleeping: false }))',
    });
    await until(() => service.state === 'ready');
    await until(() => service.restarts === 1);
    expect(said).toContain('vllm says that it can’t go on: it is ended');
  });

  it('that hangs is ended and started again, but not one that is only not ready', async () => {
    const hung = await trial('api', { '/readyz': 'if (asked < 20) response.end()' }, { unresponsiveMs: 300 });
    const waiting = await trial('api', { '/readyz': 'response.writeHead(asked < 5 ? 200 : 503).end()' });
    await until(() => waiting.service.state === 'not_ready');
    await until(() => hung.said.some((text) => /has not answered for 0.3 s: it is ended/.test(text)));
    expect(waiting.service.restarts).toBe(0);
  });

  it('that fails again and again is given up, with its last lines', async () => {
    const { run, service } = begin(
      'gateway',
      [process.execPath, '-e', 'console.log("no licence"); process.exit(4)'],
      'http://127.0.0.1:9',
      {},
    );
    const error = await run;
    expect(String(error)).toMatch(/gateway ended 3 times in a row: exit code 4\. It said:\n {2}no licence/);
    expect(service.state).toBe('failed');
  });

  it('that can’t be started is not tried again', async () => {
    const { run, service } = begin('gateway', ['no-such-program'], null, {});
    expect(String(await run)).toMatch(/gateway ended: it can't be started/);
    expect(service.restarts).toBe(0);
  });

  it('ends while it pauses', async () => {
    const { run, service } = begin('gateway', [process.execPath, '-e', 'process.exit(1)'], 'http://127.0.0.1:9', {
      firstPauseMs: 60_000,
      longestPauseMs: 60_000,
    });
    await until(() => service.state === 'pausing');
    await service.stop(new AbortController().signal);
    expect(await run).toBeNull();
  });
});

describe('the pause before a start', () => {
  it('doubles up to the longest', () => {
    const limits = { firstPauseMs: 1_000, longestPauseMs: 60_000 };
    expect([1, 2, 3, 7, 50].map((failures) => pauseAfter(failures, limits))).toEqual([
      1_000, 2_000, 4_000, 60_000, 60_000,
    ]);
  });
});
