import { forEachItem, forEachMember, plainValueAt, valueAt } from './json-text.js';
import type { Span } from './json-text.js';

/** What the client is to see of an answer, or of one event of it. */
export interface AnswerView {
  /** As JSON, in Latin-1: instead of the server's own name of the model. */
  readonly model: string;
  /** Whether the client asked for them; otherwise they read as if nobody had. */
  readonly showsTokenIds: boolean;
  readonly showsLogprobs: boolean;
}

/** What one choice of an answer, or of one event, has brought. */
export interface ChoicePart {
  readonly index: number;
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly logprobs: readonly number[];
  readonly promptTokenIds: readonly number[] | null;
  readonly finishReason: string | null;
}

export interface ReadAnswer {
  /** For the client, as Latin-1; null for an event that is there only because token ids were asked for. */
  readonly text: string | null;
  readonly id: string | null;
  readonly choices: readonly ChoicePart[];
}

interface Edit extends Span {
  readonly text: string;
}

type Members = Readonly<Record<string, Span | undefined>>;

/**
 * Reads what was asked for behind the client's back out of a completion or chunk of vLLM, and takes it out of the text.
 * Everything else stays byte for byte. @throws SyntaxError for text that is no such object
 */
export function readAnswer(text: string, view: AnswerView): ReadAnswer {
  const top = membersOf(text, 0);
  const edits: Edit[] = [];
  if (top['model'] !== undefined) edits.push({ ...top['model'], text: view.model });
  const promptTokenIds = listAt(text, top['prompt_token_ids']);
  if (!view.showsTokenIds) hide(text, top['prompt_token_ids'], edits);
  const choices: ChoicePart[] = [];
  const isForIds: boolean[] = [];
  if (top['choices'] !== undefined) {
    forEachItem(text, top['choices'].from, ({ from }) => {
      const choice = membersOf(text, from);
      choices.push(readChoice(text, choice, promptTokenIds));
      isForIds.push(isForTokenIdsAlone(text, choice, top));
      if (!view.showsTokenIds) {
        hide(text, choice['token_ids'], edits);
        hide(text, choice['prompt_token_ids'], edits);
      }
      if (!view.showsLogprobs) hide(text, choice['logprobs'], edits);
    });
  }
  return {
    text: isForIds.includes(true) && !view.showsTokenIds ? null : apply(text, edits),
    id: stringAt(text, top['id']),
    choices,
  };
}

function readChoice(text: string, choice: Members, promptTokenIds: readonly number[] | null): ChoicePart {
  const said = choice['delta'] ?? choice['message'];
  const content = said === undefined ? choice['text'] : membersOf(text, said.from)['content'];
  return {
    index: choice['index'] === undefined ? 0 : Number(plainValueAt(text, choice['index'])),
    text: stringAt(text, content) ?? '',
    tokenIds: listAt(text, choice['token_ids']) ?? [],
    logprobs: logprobsAt(text, choice['logprobs']),
    promptTokenIds: listAt(text, choice['prompt_token_ids']) ?? promptTokenIds,
    finishReason: stringAt(text, choice['finish_reason']),
  };
}

/**
 * vLLM leaves a chunk of a chat out whose delta says nothing (a tool call that a parser still reads), unless its token ids
 * are asked for.
 */
function isForTokenIdsAlone(text: string, choice: Members, top: Members): boolean {
  const { delta, finish_reason: end } = choice;
  if (delta === undefined || text.slice(delta.from, delta.to).replace(/\s/g, '') !== '{}') return false;
  return (end === undefined || isNull(text, end)) && (top['usage'] === undefined || isNull(text, top['usage']));
}

/** `{"content": [{"logprob": …}]}` of chats, `{"token_logprobs": […]}` of completions. */
interface Logprobs {
  readonly content?: readonly { readonly logprob?: number }[] | null;
  readonly token_logprobs?: readonly (number | null)[] | null;
}

function logprobsAt(text: string, span: Span | undefined): readonly number[] {
  if (span === undefined || isNull(text, span)) return [];
  const { content, token_logprobs: plain } = plainValueAt(text, span) as Logprobs;
  return plain
    ? plain.map((logprob) => logprob ?? Number.NaN)
    : (content ?? []).map(({ logprob = Number.NaN }) => logprob);
}

function membersOf(text: string, at: number): Members {
  const members: Record<string, Span> = {};
  forEachMember(text, at, (key, value) => {
    members[key] = value;
  });
  return members;
}

function hide(text: string, span: Span | undefined, edits: Edit[]): void {
  if (span !== undefined && !isNull(text, span)) edits.push({ ...span, text: 'null' });
}

function isNull(text: string, { from, to }: Span): boolean {
  return to - from === 4 && text.startsWith('null', from);
}

function listAt(text: string, span: Span | undefined): readonly number[] | null {
  return span === undefined || isNull(text, span) ? null : (plainValueAt(text, span) as readonly number[]);
}

function stringAt(text: string, span: Span | undefined): string | null {
  return span === undefined || isNull(text, span) ? null : String(valueAt(text, span));
}

function apply(text: string, edits: readonly Edit[]): string {
  let done = 0;
  let edited = '';
  for (const { from, to, text: instead } of [...edits].sort((a, b) => a.from - b.from)) {
    edited += text.slice(done, from) + instead;
    done = to;
  }
  return edited + text.slice(done);
}
