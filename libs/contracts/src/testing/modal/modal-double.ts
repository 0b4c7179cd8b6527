import { status } from '@grpc/grpc-js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Account } from './account/account-part.js';
import { ModalFaultTable } from './fault-table.js';
import type { ModalPart, RpcService } from './rpc/modal-part.js';
import { RpcError } from './rpc/rpc-error.js';
import { RpcServer } from './rpc/rpc-server.js';
import type { RecordedRpc } from './rpc/rpc-server.js';
import { ImageRegistry } from './sandbox/image-part.js';
import { MountedVolumes } from './sandbox/mounted-volumes.js';
import { routerPart } from './sandbox/router-part.js';
import type { ImageContents } from './sandbox/sandbox-machine.js';
import { SandboxFarm } from './sandbox/sandbox-part.js';
import { SecretStore } from './sandbox/secret-part.js';
import { BlockServer } from './volume/block-server.js';
import { BlockStore } from './volume/block-store.js';
import { Volumes } from './volume/volume-part.js';

export interface ModalDoubleOptions {
  readonly tokenId?: string;
  readonly tokenSecret?: string;
  /** How long the URL of a block works. */
  readonly urlLifetimeMs?: number;
  /** What every image holds. */
  readonly image?: Partial<ImageContents>;
}

/**
 * Modal for tests: the gRPC API that its SDK speaks, over a real socket, with what is stored on disk. The SDK is led here by
 * `MODAL_SERVER_URL`. What Modal keeps outlives a death of the server: calls break, then go on after `restart`.
 */
export class ModalDouble {
  readonly calls: RecordedRpc[] = [];
  readonly faults = new ModalFaultTable();
  readonly tokenId: string;
  readonly tokenSecret: string;
  /** The contents of volumes. */
  readonly blocks: BlockStore;
  readonly volumes: Volumes;
  readonly images = new ImageRegistry();
  readonly sandboxes: SandboxFarm;
  private readonly mounts: MountedVolumes;
  private readonly blockServer: BlockServer;
  private server: RpcServer | null = null;
  private port = 0;
  private readonly parts: readonly ModalPart[];

  private constructor(
    options: ModalDoubleOptions,
    private readonly root: string,
  ) {
    this.tokenId = options.tokenId ?? 'ak-double';
    this.tokenSecret = options.tokenSecret ?? 'as-double';
    this.blocks = new BlockStore(join(root, 'blocks'), options.urlLifetimeMs ?? 3_600_000);
    this.blockServer = new BlockServer(
      this.blocks,
      this.faults,
      (call) => this.calls.push({ rpc: call, request: null }),
      () => {
        this.die();
      },
    );
    this.volumes = new Volumes(this.blocks, this.blockServer);
    this.mounts = new MountedVolumes(this.volumes, this.blocks);
    const account = new Account();
    const secrets = new SecretStore();
    this.sandboxes = new SandboxFarm({
      directory: join(root, 'sandboxes'),
      image: { files: {}, environment: {}, ...options.image },
      images: this.images,
      secrets,
      volumes: this.mounts,
      routerUrl: () => this.url.replace('http:', 'https:'),
      appIdOf: (appName, environmentName) => account.appId(appName, environmentName),
    });
    this.parts = [
      account.part,
      this.volumes.part,
      this.images.part,
      secrets.part,
      this.sandboxes.part,
      routerPart(this.sandboxes, secrets, this.faults),
    ];
  }

  static async start(options: ModalDoubleOptions = {}): Promise<ModalDouble> {
    const double = new ModalDouble(options, await mkdtemp(join(tmpdir(), 'modal-double-')));
    await double.blocks.open();
    await double.restart();
    return double;
  }

  /** For `MODAL_SERVER_URL`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What the environment of the SDK must hold; its file is switched off. */
  get environment(): Readonly<Record<string, string>> {
    return {
      MODAL_SERVER_URL: this.url,
      MODAL_TOKEN_ID: this.tokenId,
      MODAL_TOKEN_SECRET: this.tokenSecret,
      MODAL_CONFIG_PATH: join(this.root, 'no-modal.toml'),
    };
  }

  /** Names of the calls so far, those for blocks included. */
  rpcs(): readonly string[] {
    return this.calls.map(({ rpc }) => rpc);
  }

  /** Makes a directory what a volume holds now. */
  async copyVolume(name: string, directory: string): Promise<void> {
    await this.mounts.checkoutNamed(name, directory);
  }

  /** Ends as a server that is cut off: calls break, the port refuses. */
  die(): void {
    this.blockServer.die();
    this.server?.die();
    this.server = null;
  }

  /** At the same address, with everything that was stored. */
  async restart(): Promise<void> {
    this.die();
    this.server = new RpcServer({
      parts: this.parts,
      faults: this.faults,
      record: (call) => this.calls.push(call),
      authorize: (rpc, service, metadata) => {
        this.authorize(rpc, service, metadata);
      },
      die: () => {
        this.die();
      },
    });
    this.port = await this.server.listen(this.port);
    await this.blockServer.listen();
  }

  async close(): Promise<void> {
    this.die();
    await this.sandboxes.close();
    await rm(this.root, { recursive: true, force: true });
  }

  private authorize(rpc: string, service: RpcService, metadata: Readonly<Record<string, string>>): void {
    if (service !== 'modal.client.ModalClient') return;
    const known =
      metadata['x-modal-token-id'] === this.tokenId && metadata['x-modal-token-secret'] === this.tokenSecret;
    if (!known) throw new RpcError(status.UNAUTHENTICATED, 'Token missing. Could not authenticate client.');
    if (rpc !== 'AuthTokenGet' && metadata['x-modal-auth-token'] === undefined) {
      throw new RpcError(status.UNAUTHENTICATED, 'Auth token missing.');
    }
  }
}
