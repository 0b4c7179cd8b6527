import { NEW_CONVERSATION, type Conversation } from './conversation.js';

/** Where conversations are kept. */
export interface ConversationStore {
  find(key: string): Promise<Conversation | null>;
  save(key: string, conversation: Conversation): Promise<void>;
}

/** Conversations by key. Changes of one conversation come one after another, and whoever looks sees all before it. */
export class ConversationMemory {
  private readonly tails = new Map<string, Promise<unknown>>();

  constructor(private readonly store: ConversationStore) {}

  async find(key: string): Promise<Conversation> {
    await this.tails.get(key);
    return (await this.store.find(key)) ?? NEW_CONVERSATION;
  }

  /** Fulfilled when the change is kept. */
  change(key: string, to: (conversation: Conversation) => Conversation): Promise<void> {
    const before = this.tails.get(key) ?? Promise.resolve();
    const changed = before.then(async () => {
      await this.store.save(key, to((await this.store.find(key)) ?? NEW_CONVERSATION));
    });
    const tail = changed
      .catch(() => undefined)
      .finally(() => {
        if (this.tails.get(key) === tail) this.tails.delete(key);
      });
    this.tails.set(key, tail);
    return changed;
  }
}
