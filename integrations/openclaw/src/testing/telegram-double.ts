import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message that the bot sent, or the newest text of one that it edited. */
export interface BotMessage {
  readonly messageId: number;
  readonly chatId: number;
  readonly text: string;
}

interface Update {
  readonly update_id: number;
  readonly message: Record<string, unknown>;
}

type Parameters = Readonly<Record<string, unknown>>;

const BOT = { id: 42, is_bot: true, first_name: 'Clay', username: 'clay_bot', can_join_groups: true };

/**
 * Telegram's Bot API as far as a bot with long polling uses it: users write with {@link userSends}, and what the bot
 * sends or edits is kept in {@link messages}.
 */
export class TelegramDouble {
  /** By message id, in the order of sending. */
  readonly messages = new Map<number, BotMessage>();
  /** Every call of a method other than getUpdates. */
  readonly calls: { readonly method: string; readonly parameters: Parameters }[] = [];

  /** How often the bot has asked for messages. */
  polls = 0;

  private readonly updates: Update[] = [];
  private readonly wakePollers = new Set<() => void>();
  private nextUpdateId = 1;
  private nextMessageId = 500;
  private server: Server | null = null;

  /** Listens on a free port of the loopback address. @returns the API's root, what `apiRoot` must be */
  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      void this.answer(request, response);
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    this.server?.close();
    if (this.server !== null) await once(this.server, 'close');
  }

  /** A private message of the user `userId`, whose chat has the same id. */
  userSends(userId: number, text: string): void {
    const command = /^\/\w+/.exec(text)?.[0];
    const messageId = this.nextMessageId++;
    this.updates.push({
      update_id: this.nextUpdateId++,
      message: {
        message_id: messageId,
        date: Math.floor(Date.now() / 1000),
        chat: { id: userId, type: 'private', first_name: `User${userId}` },
        from: { id: userId, is_bot: false, first_name: `User${userId}`, language_code: 'en' },
        text,
        ...(command === undefined ? {} : { entities: [{ type: 'bot_command', offset: 0, length: command.length }] }),
      },
    });
    for (const wake of this.wakePollers) wake();
  }

  /** What the bot has said to `userId`, oldest first. */
  saidTo(userId: number): readonly BotMessage[] {
    return [...this.messages.values()].filter(({ chatId }) => chatId === userId);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const method = url.pathname.split('/').at(-1) ?? '';
    const parameters = { ...Object.fromEntries(url.searchParams), ...(await readParameters(request)) };
    const result = method === 'getUpdates' ? await this.poll(parameters) : this.call(method, parameters);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ok: true, result }));
  }

  private async poll(parameters: Parameters): Promise<readonly Update[]> {
    this.polls += 1;
    const offset = Number(parameters.offset ?? 0);
    const deadline = Date.now() + Math.min(Number(parameters.timeout ?? 0), 20) * 1000;
    const fresh = (): Update[] => this.updates.filter(({ update_id }) => update_id >= offset);
    while (fresh().length === 0 && Date.now() < deadline) await this.nextUpdate(deadline - Date.now());
    return fresh();
  }

  private nextUpdate(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.wakePollers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      this.wakePollers.add(wake);
    });
  }

  private call(method: string, parameters: Parameters): unknown {
    this.calls.push({ method, parameters });
    switch (method) {
      case 'getMe':
        return BOT;
      case 'sendMessage':
        return this.keep(this.nextMessageId++, parameters);
      case 'editMessageText':
        return this.keep(Number(parameters.message_id), parameters);
      case 'deleteMessage':
        return this.messages.delete(Number(parameters.message_id));
      case 'getWebhookInfo':
        return { url: '', has_custom_certificate: false, pending_update_count: 0 };
      case 'getMyCommands':
        return [];
      default:
        return true;
    }
  }

  private keep(messageId: number, parameters: Parameters): unknown {
    const chatId = Number(parameters.chat_id);
    const text = String(parameters.text);
    this.messages.set(messageId, { messageId, chatId, text });
    const chat = { id: chatId, type: 'private', first_name: `User${chatId}` };
    return { message_id: messageId, date: Math.floor(Date.now() / 1000), chat, from: BOT, text };
  }
}

/** Bot libraries send JSON, or a form when there are files. */
async function readParameters(request: IncomingMessage): Promise<Parameters> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const type = request.headers['content-type'] ?? '';
  if (text === '') return {};
  if (type.includes('application/json')) return JSON.parse(text) as Parameters;
  if (type.includes('urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  return {};
}
