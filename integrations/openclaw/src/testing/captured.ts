import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AgentContext, CommandContext, LlmOutput } from '../host/openclaw-api.js';

/** What the real OpenClaw 2026.9.6 gave to a plugin on 2026-11-25, with a double of Telegram behind it. */
export type CapturedHook =
  | { readonly hook: 'llm_output'; readonly event: LlmOutput; readonly context: AgentContext }
  | { readonly hook: 'command'; readonly context: Omit<CommandContext, 'config'> };

export interface CapturedChat {
  readonly 'user-agent': string;
  readonly body: { readonly model: string; readonly messages: readonly { role: string; content: string }[] };
}

/** Two people in one session, then two topics of one group: four answers and the four commands that followed. */
export const capturedHooks = read('hook-events.json') as CapturedHook[];

/** Chat requests with `plainPrompts`, as `npm run test:openclaw -- --capture` keeps them. */
export const plainChats = read('chat-requests.json') as CapturedChat[];

/** Chat requests as OpenClaw makes them by itself: times, senders, and its internal context. */
export const decoratedChats = read('chat-requests-decorated.json') as CapturedChat[];

export function answersOf(hooks: readonly CapturedHook[]): readonly Extract<CapturedHook, { hook: 'llm_output' }>[] {
  return hooks.filter((captured) => captured.hook === 'llm_output');
}

export function commandsOf(hooks: readonly CapturedHook[]): readonly Extract<CapturedHook, { hook: 'command' }>[] {
  return hooks.filter((captured) => captured.hook === 'command');
}

function read(file: string): unknown {
  const folder = new URL('../../src/testing/__fixtures__/', import.meta.url);
  return JSON.parse(readFileSync(fileURLToPath(new URL(file, folder)), 'utf8'));
}
