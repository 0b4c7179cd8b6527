import { describe, expect, it } from 'vitest';
import { RequestGate } from './request-gate.js';

describe('RequestGate', () => {
  it('holds requests while it is closed, and lets them in by order of arrival', async () => {
    const gate = new RequestGate(5_000);
    gate.close();
    const order: number[] = [];
    const entering = [1, 2, 3].map(async (id) => {
      await gate.enter();
      order.push(id);
    });
    expect(gate.waiting).toBe(3);
    gate.open();
    await Promise.all(entering);
    expect(order).toEqual([1, 2, 3]);
    expect(gate.running).toBe(3);
  });

  it('refuses who has waited too long, and says when to come again', async () => {
    const gate = new RequestGate(20);
    gate.close();
    await expect(gate.enter()).rejects.toMatchObject({ code: 'service_overloaded', details: { retry_after_s: 1 } });
    expect(gate.waiting).toBe(0);
  });

  it('lets go of a request that is aborted while it waits', async () => {
    const gate = new RequestGate(5_000);
    gate.close();
    const controller = new AbortController();
    const entering = gate.enter(controller.signal);
    controller.abort();
    await expect(entering).rejects.toMatchObject({ code: 'cancelled' });
    await expect(gate.enter(controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
    gate.open();
    expect(gate.running).toBe(0);
  });

  it('lets one in alone: after those inside, before those who come later, one such after the other', async () => {
    const gate = new RequestGate(5_000);
    const order: string[] = [];
    const leave = await gate.enter();
    const enter = async (name: string, entering: Promise<() => void>): Promise<void> => {
      const end = await entering;
      order.push(`${name} of ${gate.running}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      end();
    };
    const all = [enter('alone', gate.enterAlone()), enter('alone too', gate.enterAlone())];
    await new Promise((resolve) => setTimeout(resolve, 5));
    all.push(enter('later', gate.enter()));
    expect(order).toEqual([]);
    leave();
    await Promise.all(all);
    // Who waits for its turn to be alone is counted in already.
    expect([...order].sort()).toEqual(['alone of 1', 'alone too of 1', 'later of 2']);
    expect(gate.running).toBe(0);
  });

  it('gives up on being alone while somebody stays inside, and goes on letting in', async () => {
    const gate = new RequestGate(20);
    const leave = await gate.enter();
    await expect(gate.enterAlone()).rejects.toMatchObject({ code: 'service_overloaded' });
    leave();
    (await gate.enter())();
    (await gate.enterAlone())();
    expect(gate.running).toBe(0);
  });

  it('is idle when the last request inside has ended, each counted out once', async () => {
    const gate = new RequestGate(5_000);
    const [first, second] = [await gate.enter(), await gate.enter()];
    first();
    first();
    expect(gate.running).toBe(1);
    expect(await gate.whenIdle(10)).toBe(false);
    const idle = gate.whenIdle(5_000);
    second();
    expect(await idle).toBe(true);
  });
});
