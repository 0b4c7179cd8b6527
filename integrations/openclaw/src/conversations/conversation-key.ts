import type { AgentContext, CommandContext } from '../host/openclaw-api.js';

/**
 * The conversation of an answer and of a command, the same text for both. The session alone is not enough: by default
 * OpenClaw puts all direct chats of an agent into one session, and two people would teach each other's answers.
 */
export function keyOfAnswer(context: AgentContext): string {
  return keyOf(context.sessionKey, context.channel, context.accountId, context.chatId);
}

export function keyOfCommand(context: CommandContext): string {
  return keyOf(context.sessionKey, context.channel, context.accountId, context.to);
}

function keyOf(session = '', channel = '', account = '', chat = ''): string {
  return JSON.stringify([session, channel, account, bareChat(chat)]);
}

/** `telegram:-100123:topic:5`, `telegram:-100123` and `-100123` are one chat; the session tells topics apart. */
function bareChat(address: string): string {
  return address.replace(/:topic:.*$/, '').replace(/^.*:/, '');
}
