import type { ClaasClient } from '../client/claas-client.js';
import type { ChatRequest, Usage } from '../client/service-types.js';

/** One answer, complete. */
export interface Answer {
  /** What feedback refers to. */
  readonly id: string;
  readonly text: string;
  /** Why it ended: `stop`, or `length` when it was cut. */
  readonly finishReason: string | null;
  /** Version of the adapter that answered; null for the base model. */
  readonly version: number | null;
  readonly usage: Usage | null;
}

/** Asks, and hands on each piece of the answer as it comes. */
export async function askFor(
  client: ClaasClient,
  request: ChatRequest,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<Answer> {
  let id = '';
  let text = '';
  let finishReason: string | null = null;
  let version: number | null = null;
  let usage: Usage | null = null;
  for await (const chunk of client.chat(request, signal)) {
    id = chunk.id;
    usage = chunk.usage ?? usage;
    version = chunk.claas?.version ?? version;
    const choice = chunk.choices[0];
    if (choice === undefined) continue;
    finishReason = choice.finish_reason ?? finishReason;
    const piece = choice.delta.content ?? '';
    if (piece === '') continue;
    text += piece;
    onText(piece);
  }
  return { id, text, finishReason, version, usage };
}
