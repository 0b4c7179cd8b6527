import type { HealthLook } from '../plan/service-plan.js';

/**
 * `sleeping`: up, and asleep because a step has its accelerator: nothing to worry about.
 * `working`: it answers, and isn't ready yet. `broken`: it says itself that it can't go on. `silent`: no answer.
 */
export type Condition = 'ready' | 'sleeping' | 'working' | 'broken' | 'silent';

/** `limitMs`: how long an answer may take. */
export async function lookAtHealth(
  { kind, url }: HealthLook,
  limitMs: number,
  signal: AbortSignal,
): Promise<Condition> {
  if (url === null) return 'ready';
  switch (kind) {
    case 'vllm': {
      const health = await statusOf(`${url}/health`, limitMs, signal);
      if (health === null) return 'silent';
      // Its engine is dead; asleep it answers 200.
      if (health === 503) return 'broken';
      if (health !== 200) return 'working';
      return (await isSleeping(url, limitMs, signal)) ? 'sleeping' : 'ready';
    }
    case 'api': {
      // 503 with the process alive: a part that it needs is away, which a restart wouldn't bring back.
      const status = await statusOf(`${url}/readyz`, limitMs, signal);
      return status === null ? 'silent' : status === 200 ? 'ready' : 'working';
    }
    case 'gateway': {
      const status = await statusOf(url, limitMs, signal);
      return status === null ? 'silent' : status < 500 ? 'ready' : 'working';
    }
  }
}

async function isSleeping(url: string, limitMs: number, signal: AbortSignal): Promise<boolean> {
  return ask(`${url}/is_sleeping`, limitMs, signal, async (response) => {
    const answer = response.ok ? ((await response.json()) as { is_sleeping?: unknown }) : {};
    return answer.is_sleeping === true;
  }).catch(() => false);
}

/** Null: no answer. */
async function statusOf(url: string, limitMs: number, signal: AbortSignal): Promise<number | null> {
  return ask(url, limitMs, signal, async (response) => {
    await response.body?.cancel();
    return response.status;
  }).catch(() => null);
}

/** AbortSignal.timeout() isn't used: combined with another signal, Node 20 may collect it before it fires. */
async function ask<T>(
  url: string,
  limitMs: number,
  signal: AbortSignal,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const abort = (): void => {
    late.abort();
  };
  const timer = setTimeout(abort, limitMs);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    return await read(await fetch(url, { signal: late.signal, redirect: 'manual' }));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
