import type { TrainerMethod } from '@claas/contracts';
import type { RemoteDirectories } from '../files/remote-directories.js';

/** Which parameters name directories that the trainer uses. */
export const NAMED_DIRECTORIES: Readonly<Partial<Record<TrainerMethod, readonly (keyof Paths)[]>>> = {
  init: ['outputDirectory'],
  inspect: ['directory'],
  distill: ['parent', 'outputDirectory'],
  generate: ['adapter'],
  score: ['adapter'],
};

/** Where calls name directories. */
export interface Paths {
  readonly parent?: { readonly directory: string };
  readonly adapter?: { readonly directory: string } | null;
  readonly directory?: string;
  readonly outputDirectory?: string;
}

/** One call with its directories, there and back. */
export class TranslatedCall {
  private readonly leave: (() => void)[] = [];
  private output: string | null = null;
  private hasEnded = false;
  private leaveMount: () => void = () => undefined;

  constructor(
    private readonly directories: RemoteDirectories,
    private readonly params: Paths,
    private readonly named: readonly (keyof Paths)[],
  ) {}

  async translate(): Promise<Paths> {
    const translated: { -readonly [Name in keyof Paths]: Paths[Name] } = { ...this.params };
    const { parent, adapter, directory } = this.params;
    for (const name of this.named) {
      if (name === 'parent' && parent)
        translated.parent = { ...parent, directory: await this.provide(parent.directory) };
      if (name === 'adapter' && adapter) {
        translated.adapter = { ...adapter, directory: await this.provide(adapter.directory) };
      }
      if (name === 'directory' && directory) translated.directory = await this.provide(directory);
      if (name === 'outputDirectory') translated.outputDirectory = this.output = this.directories.newOutput();
    }
    this.leaveMount = await this.directories.enter();
    if (this.hasEnded) this.end();
    return translated;
  }

  /** Progress means that the files are read; one who writes files stays until they are synced. */
  hasRead(): void {
    if (this.output === null) this.leaveMount();
  }

  async collect(): Promise<void> {
    const { outputDirectory } = this.params;
    if (this.output === null || outputDirectory === undefined) return;
    await this.directories.collect(this.output, outputDirectory, this.leaveMount);
  }

  async discard(): Promise<void> {
    if (this.output !== null) await this.directories.discard(this.output);
  }

  /** Also for a call whose caller went away while its directories were still on their way. */
  end(): void {
    this.hasEnded = true;
    this.leaveMount();
    for (const leave of this.leave.splice(0)) leave();
  }

  private async provide(directory: string): Promise<string> {
    const { path, release } = await this.directories.provide(directory);
    this.leave.push(release);
    return path;
  }
}
