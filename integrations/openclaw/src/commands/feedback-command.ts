import { keyOfCommand } from '../conversations/conversation-key.js';
import type { CommandContext, CommandDefinition, OpenClawPluginApi } from '../host/openclaw-api.js';
import type { Teacher } from './teacher.js';

const USAGE = [
  'Tell me what was wrong or right with my last answer, and I learn from it:',
  '/feedback Don’t use emojis.',
  '/feedback undo takes the last one of this conversation back.',
].join('\n');

const LEARNING = '🧠 Learning from that. I tell you when it is done; you can go on meanwhile.';

/** `/feedback <text>`, `/feedback undo`. What it answers is said in the conversation, and the model never sees it. */
export function feedbackCommand(api: OpenClawPluginApi, teacher: Teacher): CommandDefinition {
  return {
    name: 'feedback',
    description: 'Teach the model from its last answer (undo: take it back)',
    acceptsArgs: true,
    async handler(context) {
      const words = context.args?.trim() ?? '';
      if (words === '') return { text: USAGE };
      const key = keyOfCommand(context);
      if (words.toLowerCase() === 'undo') return { text: await teacher.undo(key) };
      const teaching = await teacher.teach(key, words);
      if (!teaching.accepted) return { text: teaching.reply };
      const say = await openChat(api, context);
      if (say === null) return { text: await teaching.outcome };
      void teaching.outcome.then(say).catch((error: unknown) => {
        api.logger.error(`The outcome of a feedback could not be sent to ${context.channel}: ${String(error)}`);
      });
      return { text: LEARNING };
    },
  };
}

/**
 * What says something in the command's chat later on, so that the chat goes on while the model learns; null for a
 * channel that can only answer.
 */
async function openChat(
  api: OpenClawPluginApi,
  { accountId, channel, config, messageThreadId, to }: CommandContext,
): Promise<((text: string) => Promise<unknown>) | null> {
  const adapter = await api.runtime.channel.outbound.loadAdapter(channel);
  if (adapter?.sendText === undefined || to === undefined) return null;
  const place = {
    cfg: config,
    to,
    ...(accountId === undefined ? {} : { accountId }),
    ...(messageThreadId === undefined ? {} : { threadId: messageThreadId }),
  };
  return (text) => adapter.sendText!({ ...place, text });
}
