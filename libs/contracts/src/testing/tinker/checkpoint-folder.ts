import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { TinkerHttpError } from './http-error.js';
import type { LoraConfig } from './tinker-model.js';

export type CheckpointKind = 'weights' | 'sampler_weights';

export interface CheckpointInfo extends LoraConfig {
  readonly path: string;
  readonly kind: CheckpointKind;
  readonly time: string;
}

const KINDS: readonly string[] = ['weights', 'sampler_weights'] satisfies CheckpointKind[];
const PATH = /^tinker:\/\/([\w:.-]+)\/(weights|sampler_weights)\/([\w.-]+)$/;
const INFO_FILE = 'checkpoint.json';

/** Checkpoints on disk: what a service keeps whatever happens to its processes. */
export class CheckpointFolder {
  constructor(
    private readonly root: string,
    private readonly loraAlpha: number,
  ) {}

  pathOf(modelId: string, kind: CheckpointKind, name: string): string {
    const path = `tinker://${modelId}/${kind}/${name}`;
    if (!PATH.test(path)) throw new TinkerHttpError(400, `bad checkpoint name ${name}`);
    return path;
  }

  /** Whole or not at all. */
  async save(path: string, config: LoraConfig, write: (directory: string) => Promise<void>): Promise<void> {
    const target = this.directory(path);
    await mkdir(join(target, '..'), { recursive: true });
    const temporary = await mkdtemp(join(this.root, 'saving-'));
    await write(temporary);
    const kind: CheckpointKind = path.includes('/sampler_weights/') ? 'sampler_weights' : 'weights';
    const info: CheckpointInfo = { ...config, path, kind, time: new Date().toISOString() };
    await writeFile(join(temporary, INFO_FILE), JSON.stringify(info));
    await rm(target, { recursive: true, force: true });
    await rename(temporary, target);
  }

  /** @throws TinkerHttpError 404 */
  async find(path: string): Promise<CheckpointInfo & { readonly directory: string }> {
    const directory = this.directory(path);
    const text = await readFile(join(directory, INFO_FILE), 'utf8').catch(() => null);
    if (text === null) throw new TinkerHttpError(404, `checkpoint ${path} not found`);
    return { ...(JSON.parse(text) as CheckpointInfo), directory };
  }

  async has(path: string): Promise<boolean> {
    return (await stat(this.directory(path)).catch(() => null)) !== null;
  }

  async remove(path: string): Promise<void> {
    await this.find(path);
    await rm(this.directory(path), { recursive: true });
  }

  async list(): Promise<CheckpointInfo[]> {
    const found: CheckpointInfo[] = [];
    for (const run of await readdir(this.root).catch(() => [])) {
      for (const kind of KINDS) {
        for (const name of await readdir(join(this.root, run, kind)).catch(() => [])) {
          found.push(await this.find(`tinker://${run}/${kind}/${name}`));
        }
      }
    }
    return found;
  }

  /** A tar as the service hands it out: the weights, and a config that has little but the rank. */
  async archive(path: string): Promise<Buffer> {
    const { directory, rank } = await this.find(path);
    const tar = pack();
    tar.entry({ name: 'adapter_config.json' }, JSON.stringify({ r: rank, lora_alpha: this.loraAlpha }));
    tar.entry({ name: 'adapter_model.safetensors' }, await readFile(join(directory, 'adapter_model.safetensors')));
    tar.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of tar) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  private directory(path: string): string {
    const [, run, kind, name] = PATH.exec(path) ?? [];
    if (run === undefined || kind === undefined || name === undefined || run.startsWith('.') || name.startsWith('.')) {
      throw new TinkerHttpError(400, `not a checkpoint: ${path}`);
    }
    return join(this.root, run, kind, name);
  }
}
