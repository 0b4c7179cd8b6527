import { ClaasError } from '@claas/contracts';
import type { GenerationPrompt } from '@claas/contracts';
import { asContextTooLong } from '../answering/context-too-long.js';
import { VllmRefusalError } from '../http/vllm-errors.js';
import type { VllmHttp } from '../http/vllm-http.js';

export interface TokenizedPrompt {
  readonly tokenIds: readonly number[];
  /** What the server accepts, prompt and answer together. */
  readonly contextLength: number;
}

interface TokenizeReply {
  readonly tokens: readonly number[];
  readonly max_model_len: number;
}

const REMEMBERED_TEXTS = 50_000;
const LIST_LENGTH = 64;

/** The server's own tokenizer and chat template, so that what is scored and trained is what it would have seen. */
export class ServerTokenizer {
  private readonly texts = new Map<number, string>();
  private contextLength: number | null = null;

  constructor(
    private readonly http: VllmHttp,
    private readonly model: () => Promise<string>,
    private readonly timeoutMs: number,
  ) {}

  /** @throws ClaasError `template_failed` where the template refuses the messages */
  async prompt(prompt: GenerationPrompt): Promise<TokenizedPrompt> {
    switch (prompt.kind) {
      case 'tokens':
        this.contextLength ??= (await this.tokenize({ prompt: 'a' })).max_model_len;
        return { tokenIds: prompt.tokenIds, contextLength: this.contextLength };
      case 'text':
        return this.tokenized({ prompt: prompt.text, add_special_tokens: true });
      case 'messages':
        return this.tokenized({
          messages: prompt.messages,
          add_generation_prompt: true,
          ...(prompt.templateOptions.enableThinking !== null && {
            chat_template_kwargs: { enable_thinking: prompt.templateOptions.enableThinking },
          }),
        }).catch((error: unknown) => {
          if (!(error instanceof VllmRefusalError) || error.status !== 400 || asContextTooLong(error) !== null)
            throw error;
          const message = `The chat template refuses the conversation: ${error.reply}`;
          throw new ClaasError('template_failed', message, {}, { cause: error });
        });
    }
  }

  /** Text that follows a prompt: nothing is put before it. */
  async continuation(text: string): Promise<readonly number[]> {
    return (await this.tokenize({ prompt: text, add_special_tokens: false })).tokens;
  }

  async text(tokenIds: readonly number[]): Promise<string> {
    const body = { model: await this.model(), tokens: tokenIds };
    const call = { method: 'POST', path: '/detokenize', body, timeoutMs: this.timeoutMs } as const;
    return ((await this.http.askJson(call)) as { prompt: string }).prompt;
  }

  /** The texts of single tokens, each by itself. */
  async singleTexts(tokenIds: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const missing = [...new Set(tokenIds)].filter((id) => !this.texts.has(id));
    if (this.texts.size + missing.length > REMEMBERED_TEXTS) this.texts.clear();
    for (let from = 0; from < missing.length; from += LIST_LENGTH) {
      const part = missing.slice(from, from + LIST_LENGTH);
      const texts = await Promise.all(part.map((id) => this.text([id])));
      part.forEach((id, index) => this.texts.set(id, texts[index] ?? ''));
    }
    return this.texts;
  }

  /** One text for each token; joined they are the whole, so a character belongs to the token that completes it. */
  async jointTexts(tokenIds: readonly number[]): Promise<readonly string[]> {
    const wholes: string[] = [''];
    for (let from = 1; from <= tokenIds.length; from += LIST_LENGTH) {
      const ends = Array.from(
        { length: Math.min(LIST_LENGTH, tokenIds.length - from + 1) },
        (_, index) => from + index,
      );
      wholes.push(...(await Promise.all(ends.map((end) => this.text(tokenIds.slice(0, end))))));
    }
    let told = 0;
    return tokenIds.map((_, index) => {
      const whole = wholes[index + 1] ?? '';
      const isLast = index === tokenIds.length - 1;
      // An incomplete character reads as U+FFFD until its last token.
      if (!isLast && whole.endsWith('\ufffd')) return '';
      const text = whole.slice(told);
      told = Math.max(told, whole.length);
      return text;
    });
  }

  private async tokenized(body: Record<string, unknown>): Promise<TokenizedPrompt> {
    const { tokens, max_model_len } = await this.tokenize(body);
    return { tokenIds: tokens, contextLength: max_model_len };
  }

  private async tokenize(body: Record<string, unknown>): Promise<TokenizeReply> {
    const call = {
      method: 'POST',
      path: '/tokenize',
      body: { model: await this.model(), ...body },
      timeoutMs: this.timeoutMs,
    } as const;
    return (await this.http.askJson(call)) as TokenizeReply;
  }
}
