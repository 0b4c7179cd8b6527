import type { GoldenDirectory } from '../../directory/golden-directory.js';
import type { GoldenCase } from '../golden-case.js';
import type { Qwen3Text } from './qwen3-text.js';

interface ChatFile<C> {
  readonly kind: string;
  /** Of the tokenizer's files, by name. */
  readonly sha256?: Readonly<Record<string, string>>;
  readonly cases: readonly C[];
}

interface ConversationCase {
  readonly name: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly add_generation_prompt: boolean;
  /** Null: the argument was not passed. */
  readonly enable_thinking: boolean | null;
  readonly text: string;
  readonly ids: readonly number[];
}

interface StringCase {
  readonly i: number;
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
}

/**
 * `chat/*.json`, one case for each conversation and string. The reference takes text that looks like a special token for that token
 * (as `special_token_text_in_user`), so everything is encoded in the mode that honours it.
 */
export function chatCases(directory: GoldenDirectory, path: string, qwen3: Qwen3Text): GoldenCase[] {
  const file = directory.readJson<ChatFile<unknown>>(path);
  const cases = casesByKind(path, file, qwen3);
  if (cases === null) return [];
  directory.claim(path);
  return [tokenizerCase(path, file, qwen3), ...cases];
}

function casesByKind(path: string, file: ChatFile<unknown>, qwen3: Qwen3Text): GoldenCase[] | null {
  switch (file.kind) {
    case 'chat_template':
      return (file as ChatFile<ConversationCase>).cases.map((golden) => conversationCase(path, golden, qwen3));
    case 'tokenizer':
      return (file as ChatFile<StringCase>).cases.map((golden) => stringCase(path, golden, qwen3));
    default:
      return null;
  }
}

/** With another tokenizer nothing below would mean anything. */
function tokenizerCase(path: string, { sha256, cases }: ChatFile<unknown>, qwen3: Qwen3Text): GoldenCase {
  return {
    name: `${path} tokenizer`,
    async run(comparison) {
      for (const [name, expected] of Object.entries(sha256 ?? {})) {
        comparison.exact(`sha256 of ${name}`, await qwen3.sha256(name), expected);
      }
      if (cases.length === 0) comparison.miss('cases', 'the file has none');
    },
  };
}

function conversationCase(path: string, golden: ConversationCase, qwen3: Qwen3Text): GoldenCase {
  const options = {
    addGenerationPrompt: golden.add_generation_prompt,
    enableThinking: golden.enable_thinking,
    specialTokens: 'honour',
  } as const;
  return {
    name: `${path} ${golden.name}`,
    async run(comparison) {
      const { template } = await qwen3.load();
      comparison.exact('text', template.render(golden.messages, options), golden.text);
      comparison.exact('ids', template.encodeConversation(golden.messages, options), golden.ids);
    },
  };
}

function stringCase(path: string, golden: StringCase, qwen3: Qwen3Text): GoldenCase {
  return {
    name: `${path} ${golden.i}`,
    async run(comparison) {
      const { tokenizer } = await qwen3.load();
      for (const addSpecialTokens of [false, true]) {
        const ids = tokenizer.encode(golden.text, { specialTokens: 'honour', addSpecialTokens });
        comparison.exact(`ids${addSpecialTokens ? ' with special tokens added' : ''}`, ids, golden.ids);
      }
      comparison.exact('decoded', tokenizer.decode(golden.ids, { skipSpecialTokens: false }), golden.decoded);
    },
  };
}
