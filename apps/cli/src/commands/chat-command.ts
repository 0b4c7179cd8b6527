import { Option, type Command } from 'commander';
import { CHAT_HELP, handleInput } from '../chat/chat-commands.js';
import { JsonChatDisplay, TextChatDisplay, type ChatDisplay } from '../chat/chat-display.js';
import { ChatSession } from '../chat/chat-session.js';
import { pipedMessages } from '../chat/piped-input.js';
import { TerminalInput } from '../chat/terminal-input.js';
import { reportError } from '../errors/report-error.js';
import { readTraining, type TrainingOptions } from '../feedback/training-options.js';
import { addTrainingOptions } from '../feedback/training-options.js';
import { number, wholeNumber } from '../program/option-values.js';
import type { Run, Session } from '../program/session.js';

interface ChatCommandOptions extends TrainingOptions {
  readonly system?: string;
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxTokens?: number;
  readonly seed?: number;
  readonly ids?: true;
}

const AFTER_HELP = `
In the chat:
${CHAT_HELP.replace(/^/gm, '  ')}

Examples:
  claas chat me/first
  claas chat me/first "What is the capital of France?"
  printf 'Hello\\n/feedback Shorter, please.\\nHello\\n' | claas chat me/first
  claas chat me/first --json < questions.txt     one JSON object a line`;

export function addChatCommand(program: Command, run: Run): void {
  const command = program
    .command('chat')
    .summary('talk to a model, and teach it')
    .description('Talks to an adapter or the base model. With a message it answers that one and ends.')
    .argument('<model>', 'id or alias of an adapter, or the base model’s name')
    .argument('[message]', 'answer only this')
    .option('--system <text>', 'system message')
    .addOption(new Option('--temperature <x>', '0 takes the likeliest token').argParser(number))
    .addOption(new Option('--top-p <x>', 'draw from the likeliest tokens up to this share').argParser(number))
    .addOption(new Option('--max-tokens <n>', 'cut answers here').argParser(wholeNumber))
    .addOption(new Option('--seed <n>', 'the same seed draws the same answer').argParser(wholeNumber))
    .option('--ids', 'show the id of each answer')
    .addHelpText('after', AFTER_HELP);
  addTrainingOptions(command).action(
    async (model: string, message: string | undefined, options: ChatCommandOptions, self: Command) => {
      await run(self, async (session) => {
        const { output } = session;
        const display = output.json ? new JsonChatDisplay(output) : new TextChatDisplay(output, options.ids === true);
        const chat = new ChatSession(session, display, {
          model,
          system: options.system ?? null,
          sampling: samplingOf(options),
          training: readTraining(options),
        });
        if (message !== undefined) await chat.ask(message);
        else if (session.stdin.isTTY === true && output.isTerminal) await talk(chat, display, model, session);
        else await work(chat, display, session);
      });
    },
  );
}

/** On a terminal an error is shown, and the conversation goes on. */
async function talk(chat: ChatSession, display: ChatDisplay, model: string, session: Session): Promise<void> {
  const { output, stdin, stdout } = session;
  await greet(model, display, session);
  const input = new TerminalInput(stdin, stdout, output.colors.cyan('you › '));
  try {
    for (;;) {
      const message = await input.next();
      if (message === null) {
        output.write('\n');
        return;
      }
      try {
        if (!(await handleInput(message, chat, display))) return;
      } catch (error) {
        if (session.interrupts.signal.aborted) throw error;
        reportError(error, [], session);
      }
      output.write('\n');
    }
  } finally {
    input.close();
  }
}

/** Says at once when the service or the model isn't there, and otherwise how to begin. */
async function greet(model: string, display: ChatDisplay, { client }: Session): Promise<void> {
  const { id } = await client.model(model);
  display.say(`${id} at ${client.url}. /feedback <text> teaches it, /help shows the rest.\n`);
}

/** Piped: an error ends it, with its exit code. */
async function work(chat: ChatSession, display: ChatDisplay, { stdin }: Session): Promise<void> {
  for await (const message of pipedMessages(stdin)) {
    if (!(await handleInput(message, chat, display))) return;
  }
}

function samplingOf({ temperature, topP, maxTokens, seed }: ChatCommandOptions): Record<string, number> {
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(maxTokens !== undefined && { max_completion_tokens: maxTokens }),
    ...(seed !== undefined && { seed }),
  };
}
