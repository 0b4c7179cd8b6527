import type { ClaasClient } from '../claas/claas-client.js';
import { ClaasProblem } from '../claas/claas-error.js';
import type { FeedbackRecord } from '../claas/feedback-record.js';
import type { Conversation, Lesson } from '../conversations/conversation.js';
import type { ConversationMemory } from '../conversations/conversation-memory.js';
import { describeFailure } from '../replies/describe-failure.js';
import { describeOutcome } from '../replies/describe-lesson.js';
import type { PluginSettings } from '../settings/plugin-settings.js';
import { idempotencyKeyOf } from './idempotency-key.js';

/** A feedback that was handed in, or the words why it wasn't. */
export type Teaching =
  { readonly accepted: true; readonly outcome: Promise<string> } | { readonly accepted: false; readonly reply: string };

/** Gives feedback on the newest answer of a conversation, and takes it back. */
export class Teacher {
  /** Conversations with a feedback under way. */
  private readonly underWay = new Map<string, Set<string>>();

  constructor(
    private readonly client: ClaasClient,
    private readonly memory: ConversationMemory,
    private readonly settings: PluginSettings,
  ) {}

  /** Fulfilled when the service has the feedback; `outcome` is what to say when it is applied, and never rejects. */
  async teach(key: string, feedback: string): Promise<Teaching> {
    const { answer, finished } = await this.memory.find(key);
    if (answer === null) {
      return { accepted: false, reply: 'There is no answer of mine here to give feedback on. Ask me something first.' };
    }
    const { loraId, training } = this.settings;
    const request = {
      lora_id: loraId ?? answer.model,
      completion_id: answer.completionId,
      feedback,
      ...(Object.keys(training).length === 0 ? {} : { training }),
    };
    try {
      const record = await this.client.sendFeedback(request, idempotencyKeyOf(answer, feedback, finished));
      if (this.isUnderWay(key, record.request_id)) {
        return { accepted: false, reply: 'I heard you the first time, and am still learning it.' };
      }
      this.underWay.set(key, (this.underWay.get(key) ?? new Set()).add(record.request_id));
      await this.expect(key, record.request_id);
      return { accepted: true, outcome: this.outcomeOf(key, record) };
    } catch (error) {
      return { accepted: false, reply: `❌ ${describeFailure(error)}` };
    }
  }

  /** Goes back to the version before the last lesson of this conversation. @returns what to say */
  async undo(key: string): Promise<string> {
    let lesson: Lesson | undefined;
    try {
      if (!(await this.settle(key))) return 'I am still learning. Wait for it to end, then take it back.';
      lesson = (await this.memory.find(key)).lessons.at(-1);
      if (lesson === undefined) return 'There is nothing from this conversation to take back.';
      const head = await this.client.headOf(lesson.loraId);
      if (head !== lesson.version) return notTheLast(lesson, head);
      await this.client.rollBack(lesson.loraId, lesson.parentVersion);
    } catch (error) {
      return `❌ ${describeFailure(error)}`;
    }
    const { requestId } = lesson;
    await this.memory.change(key, (conversation) => ({
      ...conversation,
      lessons: conversation.lessons.filter((other) => other.requestId !== requestId),
    }));
    return `↩️ Taken back: I am version ${lesson.parentVersion} again.`;
  }

  private isUnderWay(key: string, requestId: string): boolean {
    return this.underWay.get(key)?.has(requestId) ?? false;
  }

  private async expect(key: string, requestId: string): Promise<void> {
    try {
      await this.memory.change(key, (conversation) => ({
        ...conversation,
        pending: [...withoutPending(conversation, requestId).pending, requestId],
      }));
    } catch (error) {
      this.endOf(key, requestId);
      throw error;
    }
  }

  private endOf(key: string, requestId: string): void {
    const others = this.underWay.get(key);
    others?.delete(requestId);
    if (others?.size === 0) this.underWay.delete(key);
  }

  /** Learns what became of feedbacks that nobody follows any more. @returns false when one is still under way */
  private async settle(key: string): Promise<boolean> {
    if (this.underWay.has(key)) return false;
    for (const requestId of (await this.memory.find(key)).pending) {
      const record = await this.client.findFeedback(requestId).catch(nullWhenForgotten);
      if (record === null) await this.memory.change(key, (conversation) => withoutPending(conversation, requestId));
      else if (record.finished) await this.keep(key, record);
      else return false;
    }
    return true;
  }

  private async outcomeOf(key: string, { request_id: requestId }: FeedbackRecord): Promise<string> {
    try {
      const deadline = Date.now() + this.settings.timeoutSeconds * 1000;
      const record = await this.client.followFeedback(requestId, deadline);
      if (record === null) {
        return `⏳ Still learning after ${this.settings.timeoutSeconds} s. It stays in the queue and will be applied.`;
      }
      await this.keep(key, record);
      return describeOutcome(record);
    } catch (error) {
      return `❌ I don’t know what became of that feedback. ${describeFailure(error)}`;
    } finally {
      this.endOf(key, requestId);
    }
  }

  private keep(key: string, record: FeedbackRecord): Promise<void> {
    const lesson = lessonOf(record);
    return this.memory.change(key, (conversation) => ({
      ...withoutPending(conversation, record.request_id),
      finished: conversation.finished + 1,
      lessons: [
        ...conversation.lessons.filter(({ requestId }) => requestId !== record.request_id),
        ...(lesson === null ? [] : [lesson]),
      ].slice(-MOST_LESSONS),
    }));
  }
}

const MOST_LESSONS = 20;

function withoutPending(conversation: Conversation, requestId: string): Conversation {
  return { ...conversation, pending: conversation.pending.filter((other) => other !== requestId) };
}

/** A service that was set up anew knows nothing of feedbacks from before. */
function nullWhenForgotten(error: unknown): null {
  if (error instanceof ClaasProblem && error.code === 'feedback_not_found') return null;
  throw error;
}

function lessonOf({ error, lora_id, parent_version, request_id, version }: FeedbackRecord): Lesson | null {
  if (error !== null || version === null || parent_version === null) return null;
  return { requestId: request_id, loraId: lora_id, version, parentVersion: parent_version };
}

function notTheLast({ version }: Lesson, head: number | null): string {
  return head !== null && head > version
    ? `I have learned more since (I am version ${head} now, your feedback made ${version}); taking yours back would take that back too. The owner of this bot can roll back.`
    : `Version ${version}, which your feedback made, is not the one that answers any more: it was taken back already.`;
}
