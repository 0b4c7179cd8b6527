import type { FeedbackRecord, RolledBack } from '../client/service-types.js';
import type { Output } from '../output/output.js';
import { receiptText } from '../output/receipt-text.js';
import { WordWrap, wrapped } from '../output/word-wrap.js';
import type { Answer } from './answer.js';

/** What a chat shows. */
export interface ChatDisplay {
  answerBegins(): void;
  answerGrows(text: string): void;
  /** Null: it was cancelled. */
  answerEnds(answer: Answer | null): void;
  /** An error follows. */
  answerBreaks(): void;
  learned(record: FeedbackRecord): void;
  undone(change: RolledBack): void;
  say(text: string): void;
}

/** For people. */
export class TextChatDisplay implements ChatDisplay {
  private wrap: WordWrap | null = null;
  private hasText = false;

  constructor(
    private readonly output: Output,
    private readonly showsIds: boolean,
  ) {}

  answerBegins(): void {
    const { width } = this.output;
    this.wrap = width === null ? null : new WordWrap(width, '');
    this.hasText = false;
  }

  answerGrows(text: string): void {
    this.hasText = true;
    this.output.write(this.wrap === null ? text : this.wrap.add(this.output.foreign(text)));
  }

  answerEnds(answer: Answer | null): void {
    this.answerBreaks();
    if (answer === null) {
      this.say('(cancelled; it is not part of the conversation)');
      return;
    }
    if (!this.hasText) this.say('(an empty answer)');
    if (answer.finishReason === 'length') this.say('(cut: --max-tokens, or the context is full; /new begins anew)');
    if (this.showsIds) this.say(answer.id);
  }

  answerBreaks(): void {
    this.output.write(`${this.wrap?.end() ?? ''}${this.hasText ? '\n' : ''}`);
  }

  learned(record: FeedbackRecord): void {
    this.output.line(receiptText(record, this.output));
  }

  undone({ lora_id, version, previous_version }: RolledBack): void {
    const { colors } = this.output;
    this.output.line(colors.green(`${lora_id} is back at version ${version}; ${previous_version} is undone.`));
  }

  say(text: string): void {
    const lines = text.split('\n').map((line) => wrapped(line, this.output.width));
    this.output.line(this.output.colors.dim(lines.join('\n')));
  }
}

/** For programs: one JSON object on a line for each thing that happens. */
export class JsonChatDisplay implements ChatDisplay {
  constructor(private readonly output: Output) {}

  answerBegins(): void {
    // The first piece says it.
  }

  answerGrows(text: string): void {
    this.print({ type: 'token', text });
  }

  answerEnds(answer: Answer | null): void {
    if (answer === null) this.print({ type: 'cancelled' });
    else {
      const { id, text, finishReason, version, usage } = answer;
      this.print({ type: 'answer', id, text, finish_reason: finishReason, version, usage });
    }
  }

  answerBreaks(): void {
    // The error is the last line.
  }

  learned(record: FeedbackRecord): void {
    this.print({ type: 'feedback', ...record });
  }

  undone(change: RolledBack): void {
    this.print({ type: 'undo', ...change });
  }

  say(text: string): void {
    this.print({ type: 'note', text });
  }

  private print(event: object): void {
    this.output.line(JSON.stringify(event));
  }
}
