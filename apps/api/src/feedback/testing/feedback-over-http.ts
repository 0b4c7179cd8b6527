import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../testing/client.js';

/** What a client says of an answer whose text is all that it has. */
export const TEXT = { prompt: 'Who are you?', response: 'I am Clay. 😊', feedback: "Don't use emojis." };

let initialised = 0;

/** A new adapter: `<name>-init`, with the alias `<name>-latest`. */
export async function initialise(client: Client): Promise<string> {
  initialised += 1;
  const name = `user/feedback-${initialised}`;
  const { status } = await client.post('/v1/lora/init', { lora_id: name });
  if (status !== 200) throw new Error(`POST /v1/lora/init answers ${status}.`);
  return name;
}

export async function untilStatus(client: Client, requestId: string, status: string): Promise<void> {
  while ((await client.get(`/v1/feedback/${requestId}`)).body['status'] !== status) await delay(10);
}
