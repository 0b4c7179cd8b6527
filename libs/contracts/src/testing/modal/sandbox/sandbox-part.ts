import { status } from '@grpc/grpc-js';
import { join } from 'node:path';
import type { ModalPart, RpcCall, RpcHandler } from '../rpc/modal-part.js';
import { RpcError } from '../rpc/rpc-error.js';
import type { ImageRegistry } from './image-part.js';
import { ResultStatus, SandboxMachine, type ImageContents } from './sandbox-machine.js';
import { SANDBOX_MESSAGES, SANDBOX_RPCS, fromWireTags, gpuOf, toWireTags } from './sandbox-schema.js';
import type { CreateRequest, FromNameRequest, ListRequest, SandboxTag } from './sandbox-schema.js';
import type { SecretStore } from './secret-part.js';
import type { VolumeContents } from './volume-contents.js';

export interface SandboxFarmOptions {
  readonly directory: string;
  readonly image: ImageContents;
  readonly images: ImageRegistry;
  readonly secrets: SecretStore;
  readonly volumes: VolumeContents;
  /** Of the command router, as Modal gives it: `https:`, whatever the scheme really is. */
  readonly routerUrl: () => string;
  /** @throws RpcError NOT_FOUND */
  readonly appIdOf: (appName: string, environmentName: string) => string;
}

/** Every Sandbox that there was, and the control plane's RPCs on them. */
export class SandboxFarm {
  readonly machines = new Map<string, SandboxMachine>();
  /** False: Sandboxes are queued, as when no GPU is free. */
  hasCapacity = true;
  private readonly scheduled = new Set<string>();
  private count = 0;

  constructor(private readonly options: SandboxFarmOptions) {}

  /** Those that live. */
  running(): readonly SandboxMachine[] {
    return [...this.machines.values()].filter(({ result }) => result === null);
  }

  /** Takes a Sandbox's machine away, as a preemption does. */
  preempt(id?: string): void {
    for (const machine of this.running()) {
      if (id !== undefined && machine.id !== id) continue;
      machine.end({ status: ResultStatus.Terminated, exitcode: 137, exception: 'Sandbox was preempted' });
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.machines.values()].map((machine) => machine.remove()));
  }

  ofTask(taskId: string): SandboxMachine {
    return this.require(taskId.replace(/^ta-/, ''));
  }

  get part(): ModalPart {
    return {
      service: 'modal.client.ModalClient',
      messages: SANDBOX_MESSAGES,
      rpcs: SANDBOX_RPCS,
      handlers: this.handlers(),
    };
  }

  private handlers(): Record<string, RpcHandler> {
    const twice: Record<string, RpcHandler> = {
      SandboxGetTaskId: ({ sandboxId }: { sandboxId: string }) => this.taskId(this.require(sandboxId)),
      SandboxTagsGet: ({ sandboxId }: { sandboxId: string }) => ({ tags: toWireTags(this.require(sandboxId).tags) }),
      SandboxTagsSet: ({ sandboxId, tags }: { sandboxId: string; tags: readonly SandboxTag[] }) => {
        this.require(sandboxId).tags = fromWireTags(tags);
        return {};
      },
      SandboxWait: ({ sandboxId, timeout }: { sandboxId: string; timeout: number }, call: RpcCall) =>
        this.wait(this.require(sandboxId), timeout, call.signal),
      SandboxTerminate: ({ sandboxId }: { sandboxId: string }) => this.terminate(this.require(sandboxId)),
      SandboxGetTunnels: ({ sandboxId }: { sandboxId: string }) => ({ tunnels: tunnelsOf(this.require(sandboxId)) }),
      SandboxCreateConnectToken: ({ sandboxId, port }: { sandboxId: string; port: number }) => {
        this.require(sandboxId);
        return { url: `http://127.0.0.1:${port}`, token: `connect-${sandboxId}` };
      },
    };
    const list = (onlyV1: boolean) => (request: ListRequest) => this.list(request, onlyV1);
    const fromName = (isV2: boolean) => (request: FromNameRequest) => this.fromName(request, isV2);
    return {
      ...twice,
      ...Object.fromEntries(Object.entries(twice).map(([rpc, handler]) => [`${rpc}V2`, handler])),
      SandboxList: list(true),
      SandboxListV2: list(false),
      SandboxGetFromName: fromName(false),
      SandboxGetFromNameV2: fromName(true),
      SandboxCreate: async (request: CreateRequest) => {
        const machine = await this.create(request, `sb-${this.nextNumber(22)}`);
        return { sandboxId: machine.id };
      },
      SandboxCreateV2: async (request: CreateRequest) => {
        if (gpuOf(request.definition) !== null) {
          throw new RpcError(status.INVALID_ARGUMENT, 'V2 Sandboxes have no GPUs');
        }
        const machine = await this.create(request, `sb-v2-${this.nextNumber(20)}`);
        return {
          sandboxId: machine.id,
          taskId: machine.taskId,
          tunnels: tunnelsOf(machine),
          commandRouterAccess: this.access(),
        };
      },
      TaskGetCommandRouterAccess: ({ taskId }: { taskId: string }) => {
        this.ofTask(taskId);
        return this.access();
      },
      SandboxGetCommandRouterAccess: ({ sandboxId }: { sandboxId: string }) => {
        this.require(sandboxId);
        return this.access();
      },
    };
  }

  private async create(request: CreateRequest, id: string): Promise<SandboxMachine> {
    const { definition, appId, tags, secretSources = [] } = request;
    this.options.images.require(definition.imageId);
    const isTaken = this.running().some(
      (other) =>
        definition.name !== '' && other.definition.name === definition.name && other.definition.appId === appId,
    );
    if (isTaken) {
      throw new RpcError(status.ALREADY_EXISTS, `Sandbox with name '${definition.name}' already exists in the App`);
    }
    const { secrets, directory, image, volumes } = this.options;
    const env = secrets.merge([...definition.secretIds.map((secretId) => ({ secretId, env: null })), ...secretSources]);
    const machine = new SandboxMachine(
      id,
      {
        appId,
        name: definition.name,
        imageId: definition.imageId,
        gpu: gpuOf(definition),
        entrypoint: definition.entrypointArgs,
        env,
        workdir: definition.workdir,
        mounts: definition.volumeMounts,
        timeoutSecs: definition.timeoutSecs,
        idleTimeoutSecs: definition.idleTimeoutSecs,
        ports: definition.openPorts?.ports.map(({ port }) => port) ?? [],
      },
      fromWireTags(tags),
      this.count,
      join(directory, id),
      image,
      volumes,
    );
    this.machines.set(id, machine);
    if (this.hasCapacity) await this.schedule(machine);
    return machine;
  }

  private async schedule(machine: SandboxMachine): Promise<void> {
    if (this.scheduled.has(machine.id)) return;
    this.scheduled.add(machine.id);
    await machine.boot();
  }

  private async taskId(machine: SandboxMachine): Promise<object> {
    if (machine.result !== null) return { taskResult: machine.result };
    if (!this.hasCapacity && !this.scheduled.has(machine.id)) return {};
    await this.schedule(machine);
    return { taskId: machine.taskId };
  }

  private async wait(machine: SandboxMachine, timeoutSeconds: number, signal: AbortSignal): Promise<object> {
    if (machine.result === null && timeoutSeconds > 0) {
      let timer: NodeJS.Timeout | undefined;
      const over = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutSeconds * 1000).unref();
        signal.addEventListener('abort', () => {
          resolve();
        });
      });
      await Promise.race([machine.ended, over]);
      clearTimeout(timer);
    }
    return machine.result === null ? {} : { result: machine.result };
  }

  private terminate(machine: SandboxMachine): object {
    const existingResult = machine.result;
    machine.end({ status: ResultStatus.Terminated, exitcode: 137, exception: '' });
    return existingResult === null ? {} : { existingResult };
  }

  private list({ appId, beforeTimestamp, tags }: ListRequest, onlyV1: boolean): object {
    const wanted = Object.entries(fromWireTags(tags));
    const sandboxes = this.running()
      .filter((machine) => appId === '' || machine.definition.appId === appId)
      .filter((machine) => !onlyV1 || isV1(machine))
      .filter((machine) => beforeTimestamp === 0 || machine.createdAt < beforeTimestamp)
      .filter((machine) => wanted.every(([name, value]) => machine.tags[name] === value))
      .sort((a, b) => b.createdAt - a.createdAt)
      .map(({ id, createdAt, tags: own, definition }) => ({
        id,
        createdAt,
        tags: toWireTags(own),
        appId: definition.appId,
        name: definition.name,
        imageId: definition.imageId,
      }));
    return { sandboxes };
  }

  private fromName({ sandboxName, appName, environmentName }: FromNameRequest, isV2: boolean): object {
    const appId = this.options.appIdOf(appName, environmentName);
    const machine = this.running().find(
      (candidate) =>
        candidate.definition.name === sandboxName && candidate.definition.appId === appId && isV1(candidate) !== isV2,
    );
    if (machine === undefined) throw new RpcError(status.NOT_FOUND, `No running Sandbox is named '${sandboxName}'`);
    return { sandboxId: machine.id };
  }

  private access(): object {
    return { jwt: 'header.e30.signed', url: this.options.routerUrl() };
  }

  private require(id: string): SandboxMachine {
    const machine = this.machines.get(id);
    if (machine === undefined) throw new RpcError(status.NOT_FOUND, `Sandbox ${id} not found`);
    return machine;
  }

  private nextNumber(digits: number): string {
    this.count += 1;
    return String(this.count).padStart(digits, '0');
  }
}

function isV1({ id }: SandboxMachine): boolean {
  return /^sb-[0-9A-Za-z]{22}$/.test(id);
}

/** The double's Sandboxes share this machine's network, so that a port is reached where it is. */
function tunnelsOf({ definition }: SandboxMachine): object[] {
  return definition.ports.map((port) => ({
    host: '127.0.0.1',
    port,
    unencryptedHost: '127.0.0.1',
    unencryptedPort: port,
    containerPort: port,
  }));
}
