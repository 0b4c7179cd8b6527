import { setTimeout as wait } from 'node:timers/promises';

/** Waits until the API can run a step. @throws Error with the last reason when `timeoutSeconds` pass */
export async function waitForClaas(
  claasUrl: string,
  timeoutSeconds: number,
  say: (line: string) => void,
): Promise<void> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  let reason = '';
  for (;;) {
    const now = await readiness(claasUrl);
    if (now === null) return;
    if (now !== reason) say(`waiting for ${claasUrl}: ${now}`);
    reason = now;
    if (Date.now() > deadline) throw new Error(`${claasUrl} is not ready after ${timeoutSeconds} s: ${reason}`);
    await wait(1000);
  }
}

/** Null when it is ready, else why it isn't. */
async function readiness(claasUrl: string): Promise<string | null> {
  try {
    const response = await fetch(`${claasUrl}/readyz`, { signal: AbortSignal.timeout(10_000) });
    return response.ok ? null : `it answers ${response.status}`;
  } catch (error) {
    const { cause } = error as Error;
    return cause instanceof Error ? cause.message : String(error);
  }
}

/** Makes the adapter unless it is there; without a `seed` its weights are drawn. @returns whether it was made */
export async function createAdapter(claasUrl: string, loraId: string, seed: number | null = null): Promise<boolean> {
  const response = await fetch(`${claasUrl}/v1/lora/init`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ lora_id: loraId, ...(seed === null ? {} : { seed }) }),
    signal: AbortSignal.timeout(120_000),
  });
  if (response.ok) return true;
  const text = await response.text();
  const { code, detail } = JSON.parse(text) as { code?: string; detail?: string };
  if (code === 'adapter_exists') return false;
  throw new Error(`the adapter ${loraId} can't be made: ${detail ?? text}`);
}

/** The base model's name, which the list of models begins with. */
export async function baseModelOf(claasUrl: string): Promise<string> {
  const response = await fetch(`${claasUrl}/v1/models`, { signal: AbortSignal.timeout(30_000) });
  const { data } = (await response.json()) as { data?: readonly { id: string }[] };
  const base = data?.[0];
  if (base === undefined) throw new Error(`${claasUrl}/v1/models answers ${response.status} and names no model.`);
  return base.id;
}
