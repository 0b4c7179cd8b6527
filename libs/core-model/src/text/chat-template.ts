import { Template } from '@huggingface/jinja';
import { ChatTemplateError } from '../errors/chat-template-error.js';
import { readChatTemplate } from './read-chat-template.js';
import type { SpecialTokenHandling, Tokenizer } from './tokenizer.js';

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface RenderOptions {
  /** Ends with the beginning of the assistant's turn. */
  readonly addGenerationPrompt: boolean;
  /** The template's thinking switch; null leaves it to the template. */
  readonly enableThinking: boolean | null;
}

export interface EncodeConversationOptions extends RenderOptions {
  /** What special tokens in the messages are; `plain` by default, so that no message can open another turn. */
  readonly specialTokens?: SpecialTokenHandling;
}

/** A model's chat template, run as transformers does. */
export class ChatTemplate {
  private readonly template: Template;

  private constructor(
    source: string,
    private readonly tokenizer: Tokenizer,
  ) {
    this.template = parse(source);
  }

  /**
   * Takes `chat_template.jinja`, else `chat_template` of `tokenizer_config.json` (of a list: the one named `default`).
   * @throws ModelDirectoryError when the model has none; ChatTemplateError when it can't be parsed
   */
  static async load(directory: string, tokenizer: Tokenizer): Promise<ChatTemplate> {
    return new ChatTemplate(await readChatTemplate(directory), tokenizer);
  }

  /** The conversation as text, byte by byte that of `apply_chat_template(tokenize=False)`. @throws ChatTemplateError */
  render(messages: readonly ChatMessage[], options: RenderOptions): string {
    try {
      return this.template.render({
        ...this.tokenizer.namedTokens,
        messages: messages.map(({ role, content }) => ({ role, content })),
        tools: null,
        documents: null,
        add_generation_prompt: options.addGenerationPrompt,
        ...(options.enableThinking === null ? {} : { enable_thinking: options.enableThinking }),
      });
    } catch (error) {
      throw templateError(error);
    }
  }

  /**
   * The conversation as token ids. Without special tokens in the messages exactly the ids of the rendered text;
   * with them, they are ordinary text unless `specialTokens` is `honour`.
   * @throws ChatTemplateError
   */
  encodeConversation(messages: readonly ChatMessage[], options: EncodeConversationOptions): number[] {
    const { guard } = this.tokenizer;
    const plain = options.specialTokens !== 'honour';
    if (plain && messages.some(({ role, content }) => guard.finds(role) || guard.finds(content))) {
      const disguised = messages.map(({ role, content }) => ({
        role: guard.disguise(role),
        content: guard.disguise(content),
      }));
      return this.tokenizer.encodeMarked(guard.markAndReveal(this.render(disguised, options)));
    }
    return this.tokenizer.encode(this.render(messages, options), { specialTokens: 'honour' });
  }

  /**
   * The token that ends an assistant's turn: the one of `eosTokenIds` that the template writes after the answer, else the first of them.
   * Null when the model names no end and the template writes no special token there.
   */
  endOfTurnTokenId(eosTokenIds: readonly number[]): number | null {
    const written = this.tokenAfterAnswer();
    if (written !== null && (eosTokenIds.length === 0 || eosTokenIds.includes(written))) return written;
    return eosTokenIds[0] ?? null;
  }

  /** The first special token behind an assistant's message; null when the template writes none. */
  private tokenAfterAnswer(): number | null {
    const answer = 'The answer that is looked for.';
    const messages = [
      { role: 'user', content: 'A question.' },
      { role: 'assistant', content: answer },
    ];
    const text = this.render(messages, { addGenerationPrompt: false, enableThinking: null });
    const position = text.lastIndexOf(answer);
    if (position === -1) return null;
    const rest = this.tokenizer.encode(text.slice(position + answer.length), { specialTokens: 'honour' });
    return rest.find((id) => this.tokenizer.isSpecial(id)) ?? null;
  }
}

function parse(source: string): Template {
  try {
    return new Template(source);
  } catch (error) {
    throw templateError(error);
  }
}

function templateError(error: unknown): ChatTemplateError {
  return new ChatTemplateError(error instanceof Error ? error.message : String(error), { cause: error });
}
