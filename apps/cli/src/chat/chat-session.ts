import { randomUUID } from 'node:crypto';
import type { ChatRequest, Message, Sampling } from '../client/service-types.js';
import { localError } from '../errors/command-error.js';
import { acceptFeedback, waitForFeedback } from '../feedback/send-feedback.js';
import type { Session } from '../program/session.js';
import { askFor, type Answer } from './answer.js';
import type { ChatDisplay } from './chat-display.js';

export interface ChatOptions {
  readonly model: string;
  readonly system: string | null;
  readonly sampling: Sampling;
  /** How feedback is learned. */
  readonly training: Readonly<Record<string, number | string>>;
}

/** One conversation with an adapter that learns. */
export class ChatSession {
  private conversation: Message[] = [];
  private lastAnswer: Answer | null = null;

  constructor(
    private readonly session: Session,
    private readonly display: ChatDisplay,
    private readonly options: ChatOptions,
  ) {}

  /** Ctrl-C cancels the answer, which then never was. */
  async ask(question: string): Promise<void> {
    const { client, interrupts } = this.session;
    const messages: Message[] = [...this.conversation, { role: 'user', content: question }];
    await interrupts.during(async (signal) => {
      this.display.answerBegins();
      try {
        const answer = await askFor(
          client,
          this.requestOf(messages),
          (text) => {
            this.display.answerGrows(text);
          },
          signal,
        );
        this.display.answerEnds(answer);
        this.conversation = [...messages, { role: 'assistant', content: answer.text }];
        this.lastAnswer = answer;
      } catch (error) {
        if (!signal.aborted) {
          this.display.answerBreaks();
          throw error;
        }
        this.display.answerEnds(null);
      }
    });
  }

  /** To the last answer, exactly the one that was shown. */
  async feedback(text: string): Promise<void> {
    if (text === '') throw localError('What is the feedback? For example: /feedback Don’t use emojis.');
    if (this.lastAnswer === null) throw localError('There is no answer yet that the feedback could be for.');
    const { client, output, interrupts } = this.session;
    const { model, training } = this.options;
    const request = { lora_id: model, completion_id: this.lastAnswer.id, feedback: text, training };
    const learned = await interrupts.during(async (signal) => {
      const { request_id } = await acceptFeedback(client, request, randomUUID(), signal);
      return waitForFeedback(client, request_id, output, signal);
    });
    this.display.learned(learned);
  }

  /** Back to the version that the one which answers was made from. */
  async undo(): Promise<void> {
    const { client } = this.session;
    const { versions } = await client.versions(this.options.model);
    const head = versions.find(({ is_head }) => is_head);
    const parent = head?.parent ?? null;
    if (parent === null) throw localError('There is nothing to undo: the adapter has learned nothing yet.');
    if (!versions.some(({ version }) => version === parent)) {
      throw localError(`There is no way back: version ${parent} isn't kept any more.`);
    }
    this.display.undone(await client.rollback(this.options.model, parent));
  }

  /** A new conversation with the same adapter. */
  startAnew(): void {
    this.conversation = [];
    this.lastAnswer = null;
    this.display.say('(a new conversation)');
  }

  private requestOf(messages: readonly Message[]): ChatRequest {
    const { model, system, sampling } = this.options;
    const head: Message[] = system === null ? [] : [{ role: 'system', content: system }];
    return { model, messages: [...head, ...messages], ...sampling };
  }
}
