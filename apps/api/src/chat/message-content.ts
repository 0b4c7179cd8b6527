import { ValidateBy, type ValidationArguments } from 'class-validator';

/** A part of a message as OpenAI's clients send it; only text can be answered here. */
export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

export type MessageContent = string | readonly TextPart[];

/** A string, or a list of parts of type `text`. */
export function IsMessageContent(): PropertyDecorator {
  return ValidateBy({
    name: 'isMessageContent',
    validator: {
      validate: (value: unknown) => problemOf(value) === null,
      defaultMessage: (context?: ValidationArguments) => `content ${problemOf(context?.value) ?? ''}`,
    },
  });
}

/** The text of a message; parts follow one another without anything between them. */
export function textOf(content: MessageContent): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('');
}

function problemOf(value: unknown): string | null {
  if (typeof value === 'string') return null;
  if (!Array.isArray(value) || value.length === 0) return 'must be a string, or a list of parts of type "text"';
  for (const [index, part] of value.entries()) {
    const problem = partProblem(part);
    if (problem !== null) return `part ${index} ${problem}`;
  }
  return null;
}

function partProblem(part: unknown): string | null {
  if (typeof part !== 'object' || part === null || !('type' in part)) return 'must be an object with a type';
  if (part.type !== 'text') return `has the type ${String(part.type).slice(0, 40)}: only "text" is supported`;
  if (!('text' in part) || typeof part.text !== 'string') return 'must have a string "text"';
  const unknown = Object.keys(part).filter((key) => key !== 'type' && key !== 'text');
  return unknown.length === 0 ? null : `has unknown fields: ${unknown.join(', ').slice(0, 80)}`;
}
