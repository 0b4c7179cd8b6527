import type { ClaasService } from '../testing/claas-service.js';
import type { RecordedRequest } from '../testing/recording-proxy.js';

const OTHER_QUESTIONS = [
  'What is the capital of Japan?',
  'What is the capital of Spain?',
  'What color is grass?',
  'What does a cow eat?',
  'How are you today?',
  'Tell me about the moon.',
  'What is the capital of Egypt?',
  'Where do penguins live?',
  'What can you do?',
  'Who are you?',
];

export const hasEmoji = (text: string): boolean => /\p{Extended_Pictographic}/u.test(text);

/** The message that a feedback ends with, after "I am learning". */
export const isOutcome = (text: string): boolean => /^[✅❌⏳]/u.test(text);

/** How many of the answers to ten questions have an emoji, at temperature 0. */
export async function shareWithEmoji(service: ClaasService, model: string): Promise<number> {
  const answers = await Promise.all(
    OTHER_QUESTIONS.map((content) =>
      service.chat({ model, messages: [{ role: 'user', content }], temperature: 0, max_tokens: 128, stream: true }),
    ),
  );
  return answers.filter(({ text }) => hasEmoji(text)).length;
}

export async function headVersion(service: ClaasService, loraId: string): Promise<number> {
  const route = `/v1/lora/versions?lora_id=${encodeURIComponent(loraId)}`;
  const { versions } = await service.get<{ versions: { version: number; is_head: boolean }[] }>(route);
  return versions.find(({ is_head }) => is_head)!.version;
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
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

interface FeedbackBody {
  readonly completion_id: string;
  readonly feedback: string;
  readonly training?: { readonly learning_rate?: number; readonly steps?: number };
}

function lastQuestion({ messages }: ChatRequest): string | undefined {
  return messages.findLast(({ role, content }) => role === 'user' && content !== '')?.content;
}
