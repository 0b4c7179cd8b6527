import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JsonFields } from '../config/json-fields.js';
import { modelDirectoryError } from '../errors/model-directory-error.js';

/**
 * The source of a model's chat template, from where transformers looks for it first.
 * @throws ModelDirectoryError when there is none
 */
export async function readChatTemplate(directory: string): Promise<string> {
  const file = join(directory, 'chat_template.jinja');
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw modelDirectoryError({ file, expected: 'a readable template', found: String(error) }, { cause: error });
    }
  }

  const configFile = join(directory, 'tokenizer_config.json');
  const config = await JsonFields.read(configFile, modelDirectoryError);
  const value = config.raw('chat_template');
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    const named = value as { readonly name?: unknown; readonly template?: unknown }[];
    const template = named.find(({ name }) => name === 'default')?.template;
    if (typeof template === 'string') return template;
  }
  throw config.problem('chat_template', 'a template (or chat_template.jinja beside this file)', value);
}
