import type { AdapterPlan } from '../plan/service-plan.js';
import { StackError } from '../settings/stack-error.js';

/**
 * Makes the adapters that are missing; those that exist stay as they are.
 *
 * @throws StackError when the API refuses one
 */
export async function makeAdapters(
  apiUrl: string,
  adapters: readonly AdapterPlan[],
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const { id, request } of adapters) {
    const response = await fetch(`${apiUrl}/v1/lora/init`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal,
    });
    const answer = (await response.json()) as { lora_id?: string; code?: string; detail?: string };
    if (response.ok) say(`made the adapter ${answer.lora_id ?? id}`);
    else if (answer.code === 'adapter_exists') say(`the adapter ${id} is there already`);
    else throw new StackError(`The adapter ${id} can't be made: ${answer.detail ?? `status ${response.status}`}`);
  }
}
