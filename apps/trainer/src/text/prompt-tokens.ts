import type { GenerationPrompt } from '@claas/contracts';
import { renderContext } from '@claas/training';
import type { LoadedModel } from '../session/loaded-model.js';

/**
 * A prompt as token ids. Messages go through the chat template, where text can't open another turn; a bare text is taken
 * as the model's makers would: special tokens in it count, and what the tokenizer puts before a text comes first.
 * @throws ChatTemplateError
 */
export function promptTokens({ tokenizer, template }: LoadedModel, prompt: GenerationPrompt): readonly number[] {
  switch (prompt.kind) {
    case 'messages':
      return renderContext(template, prompt.messages, prompt.templateOptions);
    case 'text':
      return tokenizer.encode(prompt.text, { specialTokens: 'honour', addSpecialTokens: true });
    case 'tokens':
      return prompt.tokenIds;
  }
}
