import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Conversation } from './conversation.js';
import type { ConversationStore } from './conversation-memory.js';

/** A small file for each conversation. OpenClaw's own stores are closed to plugins that are loaded from a folder. */
export class ConversationFiles implements ConversationStore {
  constructor(private readonly folder: string) {}

  async find(key: string): Promise<Conversation | null> {
    try {
      return JSON.parse(await readFile(this.fileOf(key), 'utf8')) as Conversation;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
  }

  /** A reader sees the file as it was before or as it is after. */
  async save(key: string, conversation: Conversation): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const file = this.fileOf(key);
    await writeFile(`${file}.new`, JSON.stringify(conversation), { mode: 0o600 });
    await rename(`${file}.new`, file);
  }

  private fileOf(key: string): string {
    return path.join(this.folder, `${createHash('sha256').update(key).digest('hex')}.json`);
  }
}
