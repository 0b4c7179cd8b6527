import { localError } from '../errors/command-error.js';
import type { ChatDisplay } from './chat-display.js';
import type { ChatSession } from './chat-session.js';

export const CHAT_HELP = `/feedback <text>  teach it: what you think of the last answer
/undo             take the last feedback back
/new              begin a new conversation
/help             this
/quit             leave (or Ctrl-D)
Ctrl-C cancels an answer. A \\ at the end of a line continues on the next one.`;

export const CHAT_COMMANDS = ['/feedback', '/undo', '/new', '/help', '/quit'];

/** What a person typed, done. False when the chat is over. */
export async function handleInput(input: string, chat: ChatSession, display: ChatDisplay): Promise<boolean> {
  const text = input.trim();
  if (text === '') return true;
  if (!input.startsWith('/')) {
    await chat.ask(text);
    return true;
  }
  const [command = ''] = text.split(/\s+/, 1);
  switch (command) {
    case '/feedback':
      await chat.feedback(text.slice(command.length).trim());
      return true;
    case '/undo':
      await chat.undo();
      return true;
    case '/new':
      chat.startAnew();
      return true;
    case '/help':
      display.say(CHAT_HELP);
      return true;
    case '/quit':
    case '/exit':
      return false;
    default:
      throw localError(
        `There is no ${command}: /help shows what there is. A message that begins with / needs a space before it.`,
      );
  }
}
