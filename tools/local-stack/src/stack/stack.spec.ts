import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../process/process-identity.js';
import type { StackRecord } from '../state/stack-state.js';
import { freePort } from '../testing/make-settings.js';
import { endProgram, StackPrograms, START_LIMIT_MS } from '../testing/stack-programs.js';

let programs: StackPrograms;
beforeEach(async () => {
  programs = await StackPrograms.prepare({ withVllm: false });
});
afterEach(() => programs.end());

describe('the stack', () => {
  it(
    'starts everything in order with its adapters, once on a data directory, and ends without a trace, also after it was killed',
    async () => {
      const { child, output } = await programs.startAndWait();
      const order = [
        'starting api',
        'api is up',
        'made the adapter me/first-init',
        'made the adapter me/second-init',
        'starting gateway',
        'gateway is up',
      ];
      const places = order.map((text) => output().indexOf(text));
      expect(places.every((at, index) => at > (places[index - 1] ?? -1))).toBe(true);

      const [second, elsewhere, status] = await Promise.all([
        programs.outcomeOf('--port', String(await freePort())),
        programs.outcomeOf('--data-dir', 'other'),
        programs.outcomeOf('status', '--json'),
      ]);
      expect(second).toEqual([
        3,
        expect.stringMatching(/A stack runs on .*data already \(process \d+, .*\)\.\n`claas-stack status`/),
      ]);
      const inUse = `Port ${programs.apiPort}, which api needs, is in use by node \\(process \\d+\\)`;
      expect(elsewhere).toEqual([3, expect.stringMatching(new RegExp(inUse))]);
      const { services } = JSON.parse(status[1]) as StackRecord;
      expect(services.map(({ name, state }) => [name, state])).toEqual([
        ['api', 'ready'],
        ['gateway', 'ready'],
      ]);

      // Killed, it can't end what it has started; the next one does.
      const left = services.map(({ process }) => process!);
      await endProgram(child, 'SIGKILL');
      expect(left.map(isAlive)).toEqual([true, true]);
      const again = await programs.startAndWait();
      expect(left.map(isAlive)).toEqual([false, false]);
      expect(again.output()).toContain('the adapter me/first is there already');
      const processes = programs.record()!.services.map(({ process }) => process!);
      expect(await endProgram(again.child, 'SIGINT')).toBe(0);
      expect(processes.map(isAlive)).toEqual([false, false]);
      expect(again.output().indexOf('ending gateway')).toBeLessThan(again.output().indexOf('ending api'));
      expect(again.output()).toContain('everything has ended');
      expect(programs.record()).toBeNull();
    },
    3 * START_LIMIT_MS,
  );

  it('says what is wrong when a program is missing, and leaves nothing running', async () => {
    const [exitCode, output] = await programs.outcomeOf('--gateway', 'no-such-gateway');
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^claas-stack: There is no program no-such-gateway, which gateway needs\.\nInstall it/);
    expect(programs.record()).toBeNull();
  });

  it('shows what it would do, and does nothing', async () => {
    const [exitCode, output] = await programs.outcomeOf('--dry-run');
    expect(exitCode).toBe(0);
    expect(output).toContain('This is what a start would do; nothing was started.');
    expect(programs.record()).toBeNull();
  });
});
