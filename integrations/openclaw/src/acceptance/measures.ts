import type { Message } from '../testing/behaviour.js';
import type { ClaasService } from '../testing/claas-service.js';
import type { RecordedRequest } from '../testing/recording-proxy.js';

/** The message that a feedback ends with, after "I am learning". */
export const isOutcome = (text: string): boolean => /^[✅❌⏳]/u.test(text);

export async function headVersion(service: ClaasService, loraId: string): Promise<number> {
  const route = `/v1/lora/versions?lora_id=${encodeURIComponent(loraId)}`;
  const { versions } = await service.get<{ versions: { version: number; is_head: boolean }[] }>(route);
  return versions.find(({ is_head }) => is_head)!.version;
}

/** The messages of the first answer that the gateway asked for. */
export function firstConversation(requests: readonly RecordedRequest[]): readonly Message[] {
  return (requests.find(({ path }) => path === '/v1/chat/completions')!.body as ChatRequest).messages;
}

/** A feedback that the plugin has sent, with the question whose answer it is about. */
export interface SentFeedback {
  readonly feedback: string;
  readonly text: string | undefined;
  readonly learningRate: unknown;
  readonly steps: unknown;
}

/** Every feedback among `requests`, joined by completion id with the chat that it is about. */
export function feedbackSent(requests: readonly RecordedRequest[]): readonly SentFeedback[] {
  const questions = new Map(
    requests
      .filter(({ path }) => path === '/v1/chat/completions')
      .map(({ body, completionId }) => [completionId, lastQuestion(body as ChatRequest)]),
  );
  return requests
    .filter(({ method, path }) => method === 'POST' && path === '/v1/feedback')
    .map(({ body }) => {
      const { completion_id, feedback, training } = body as FeedbackBody;
      const text = questions.get(completion_id);
      return { feedback, text, learningRate: training?.learning_rate, steps: training?.steps };
    });
}

interface ChatRequest {
  readonly messages: readonly Message[];
}

interface FeedbackBody {
  readonly completion_id: string;
  readonly feedback: string;
  readonly training?: { readonly learning_rate?: number; readonly steps?: number };
}

function lastQuestion({ messages }: ChatRequest): string | undefined {
  return messages.findLast(({ role, content }) => role === 'user' && content !== '')?.content;
}
