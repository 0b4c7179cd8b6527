import type { Command, Option } from 'commander';
import type { NameKind } from './names-of.js';

export interface Proposal {
  readonly value: string;
  /** Empty where there is nothing to say. */
  readonly description: string;
}

/** `known`: the command's arguments before this one. */
export type NameSource = (kind: NameKind, known: readonly string[]) => Promise<readonly string[]>;

const NAME_KINDS: readonly string[] = ['adapter', 'model', 'version'] satisfies NameKind[];

/**
 * What the last word may become, from the commands themselves. Nothing where it is a file or free text: the shell
 * then completes files.
 */
export async function completeWords(
  program: Command,
  words: readonly string[],
  names: NameSource,
): Promise<Proposal[]> {
  const partial = words.at(-1) ?? '';
  const { command, operands, pending } = read(program, words.slice(0, -1));
  const proposals = await proposalsFor(program, command, operands, pending, partial, names);
  return proposals.filter(({ value }) => value.startsWith(partial));
}

async function proposalsFor(
  program: Command,
  command: Command,
  operands: readonly string[],
  pending: Option | null,
  partial: string,
  names: NameSource,
): Promise<Proposal[]> {
  if (pending !== null) return (pending.argChoices ?? []).map(plain);
  if (partial.startsWith('-')) {
    const options = command === program ? program.options : [...command.options, ...program.options];
    return options
      .filter(({ hidden }) => !hidden)
      .map((option) => ({ value: option.long ?? option.flags, description: option.description }));
  }
  if (command === program) {
    return program
      .createHelp()
      .visibleCommands(program)
      .map((each) => ({ value: each.name(), description: each.summary() || each.description() }));
  }
  const argument = command.registeredArguments[operands.length];
  if (argument === undefined) return [];
  if (argument.argChoices !== undefined) return argument.argChoices.map(plain);
  const kind = argument.name();
  if (command.name() === 'help')
    return program
      .createHelp()
      .visibleCommands(program)
      .map((each) => plain(each.name()));
  return isNameKind(kind) ? (await names(kind, operands)).map(plain) : [];
}

/** Which command the words before name, its arguments so far, and the option that waits for its value. */
function read(
  program: Command,
  words: readonly string[],
): { command: Command; operands: string[]; pending: Option | null } {
  let command = program;
  const operands: string[] = [];
  let pending: Option | null = null;
  for (const word of words) {
    if (pending !== null) pending = null;
    else if (word.startsWith('-') && word !== '-')
      pending = optionThatWaits(word, [...command.options, ...program.options]);
    else if (command === program)
      command = program.commands.find((each) => each.name() === word || each.aliases().includes(word)) ?? program;
    else operands.push(word);
  }
  return { command, operands, pending };
}

function optionThatWaits(word: string, options: readonly Option[]): Option | null {
  const option = options.find(({ long, short }) => word === long || word === short);
  return option?.required === true ? option : null;
}

function isNameKind(kind: string): kind is NameKind {
  return NAME_KINDS.includes(kind);
}

function plain(value: string): Proposal {
  return { value, description: '' };
}
