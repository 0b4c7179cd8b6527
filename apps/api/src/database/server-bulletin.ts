import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { Bulletin, type Notice } from './bulletin.js';
import { connectClient } from './connect-client.js';

const CHANNEL = 'claas';
/** Begins the application name of the listening connection of each process that has joined. */
const NAME_PREFIX = 'claas-replica ';
const RETRY_MS = 250;
const HEARTBEAT_MS = 5_000;

interface Envelope {
  readonly from: string;
  readonly notice: Notice;
}

/** LISTEN and NOTIFY of a PostgreSQL server. The listening connection is made again when it breaks. */
export class ServerBulletin extends Bulletin {
  override readonly id = randomUUID();
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  private client: pg.Client | null = null;
  private hasJoined = false;
  private isClosed = false;
  private readonly heartbeat: NodeJS.Timeout;

  private constructor(
    private readonly url: string,
    private readonly pool: pg.Pool,
  ) {
    super();
    this.heartbeat = setInterval(() => {
      this.client?.query('select 1').catch(() => undefined);
    }, HEARTBEAT_MS);
    this.heartbeat.unref();
  }

  static async open(url: string, pool: pg.Pool): Promise<ServerBulletin> {
    const bulletin = new ServerBulletin(url, pool);
    await bulletin.connect();
    return bulletin;
  }

  override get isListening(): boolean {
    return this.client !== null;
  }

  override async join(): Promise<void> {
    this.hasJoined = true;
    await this.client?.query("select set_config('application_name', $1, false)", [this.name]);
  }

  override async post(notice: Notice): Promise<void> {
    const envelope: Envelope = { from: this.id, notice };
    await this.pool.query('select pg_notify($1, $2)', [CHANNEL, JSON.stringify(envelope)]).catch(() => undefined);
  }

  override onNotice(listener: (notice: Notice) => void): () => void {
    return this.listen('notice', listener);
  }

  override onInterruption(listener: () => void): () => void {
    return this.listen('interruption', listener);
  }

  override async others(): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ name: string }>(
      `select application_name as name from pg_stat_activity
       where datname = current_database() and application_name like $1`,
      [`${NAME_PREFIX}%`],
    );
    return rows.map(({ name }) => name.slice(NAME_PREFIX.length)).filter((id) => id !== this.id);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.heartbeat);
    await this.client?.end().catch(() => undefined);
  }

  private get name(): string {
    return this.hasJoined ? `${NAME_PREFIX}${this.id}` : 'claas-api listener';
  }

  private async connect(): Promise<void> {
    const client = await connectClient(this.url, this.name);
    client.on('notification', ({ payload }) => {
      const { from, notice } = JSON.parse(payload ?? '') as Envelope;
      if (from !== this.id) this.emitter.emit('notice', notice);
    });
    client.on('end', () => {
      this.lose(client);
    });
    await client.query(`listen ${CHANNEL}`);
    this.client = client;
    if (this.isClosed) await client.end();
  }

  private lose(client: pg.Client): void {
    if (this.client !== client) return;
    this.client = null;
    if (this.isClosed) return;
    this.emitter.emit('interruption');
    void this.reconnect();
  }

  private async reconnect(): Promise<void> {
    while (!this.isClosed && !this.isListening) {
      await delay(RETRY_MS);
      await this.connect().catch(() => undefined);
    }
    this.emitter.emit('interruption');
  }

  private listen(event: string, listener: (notice: Notice) => void): () => void {
    this.emitter.on(event, listener);
    return () => {
      this.emitter.off(event, listener);
    };
  }
}
