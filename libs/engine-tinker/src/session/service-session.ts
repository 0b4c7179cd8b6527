import type { TinkerClient } from '../client/tinker-client.js';
import { isUnknown } from '../client/tinker-client.js';
import { Background } from './background.js';

interface OpenSession {
  readonly id: string;
  nextModel: number;
  nextSampler: number;
}

/** A place for a model or a sampling session in the session that is open. */
export interface SessionSlot {
  readonly sessionId: string;
  readonly seqId: number;
}

/**
 * This process's session at the service: opened when it is first needed, kept by heartbeats, opened anew when the service
 * has ended it. What hung on the old one is lost, and is told so by its next call.
 */
export class ServiceSession {
  /** Gives up what is no longer wanted. */
  readonly background = new Background();
  private opening: Promise<OpenSession> | null = null;
  private current: OpenSession | null = null;
  private heart: NodeJS.Timeout | null = null;

  constructor(private readonly client: TinkerClient) {}

  /** Null when none is open. */
  get id(): string | null {
    return this.current?.id ?? null;
  }

  async modelSlot(signal?: AbortSignal): Promise<SessionSlot> {
    const session = await this.open(signal);
    return { sessionId: session.id, seqId: session.nextModel++ };
  }

  async samplerSlot(signal?: AbortSignal): Promise<SessionSlot> {
    const session = await this.open(signal);
    return { sessionId: session.id, seqId: session.nextSampler++ };
  }

  /** The service doesn't know this session any more. */
  forget(sessionId: string): void {
    if (this.current?.id === sessionId) this.close();
  }

  close(): void {
    if (this.heart !== null) clearInterval(this.heart);
    this.heart = null;
    this.current = null;
    this.opening = null;
  }

  private open(signal: AbortSignal | undefined): Promise<OpenSession> {
    if (this.opening !== null) return this.opening;
    const opening = this.create(signal);
    this.opening = opening;
    opening.catch(() => {
      if (this.opening === opening) this.opening = null;
    });
    return opening;
  }

  private async create(signal: AbortSignal | undefined): Promise<OpenSession> {
    const request = { tags: ['claas'], user_metadata: {}, sdk_version: '0.25.0', type: 'create_session' };
    const id = await this.client.post('create_session', request, 'session_id', signal);
    const session = { id, nextModel: 0, nextSampler: 0 };
    this.current = session;
    this.heart = setInterval(() => void this.beat(id), this.client.settings.timeouts.heartbeatMs);
    this.heart.unref();
    return session;
  }

  /** One that doesn't arrive is made up for by the next; the service allows for minutes of silence. */
  private async beat(id: string): Promise<void> {
    const json = { session_id: id, type: 'session_heartbeat' };
    try {
      await this.client.http.send({ name: 'session_heartbeat', method: 'POST', path: '/session_heartbeat', json });
    } catch (error) {
      if (isUnknown(error)) this.forget(id);
    }
  }
}
