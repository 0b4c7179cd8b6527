import type {
  GeneratedToken,
  GenerationPrompt,
  GenerationRequest,
  GenerationSummary,
} from '../../serving/generation.js';

/** The model behind the double: real tokens, real log-probs. `adapter` is a PEFT directory, null for the base model. */
export interface ModelBackend {
  readonly contextLength: number;
  /** @throws ClaasError `context_too_long`, `template_failed` */
  encode(prompt: GenerationPrompt): Promise<readonly number[]>;
  /** Text without anything put before it. */
  encodeText(text: string): Promise<readonly number[]>;
  decode(tokenIds: readonly number[]): Promise<string>;
  /** Reads a PEFT directory and checks it against the base model. */
  inspect(directory: string): Promise<void>;
  generate(
    adapter: string | null,
    request: GenerationRequest,
    options: { readonly signal: AbortSignal; readonly onToken: (token: GeneratedToken) => void },
  ): Promise<GenerationSummary>;
  /** log p of each response token. */
  score(
    adapter: string | null,
    promptTokenIds: readonly number[],
    responseTokenIds: readonly number[],
  ): Promise<readonly number[]>;
}
