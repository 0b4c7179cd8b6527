import { ClaasError } from '@claas/contracts';
import type { ServerAdapters } from '../adapters/server-adapters.js';

/** What a server calls its base model (`--served-model-name`): told beforehand, or looked up in its list once it answers. */
export class BaseModelName {
  private name: string | null;

  /** @param expected taken where the server has it among its names, or where it need not be `asked` */
  constructor(
    private readonly server: ServerAdapters,
    private readonly expected: string,
    isAsked: boolean,
  ) {
    this.name = isAsked ? null : expected;
  }

  /** @throws ClaasError `serving_failed` */
  async find(): Promise<string> {
    return (this.name ??= await this.ask());
  }

  private async ask(): Promise<string> {
    const names = (await this.server.list()).filter(({ parent }) => (parent ?? null) === null).map(({ id }) => id);
    if (names.includes(this.expected)) return this.expected;
    const [first] = names;
    if (first !== undefined) return first;
    throw new ClaasError('serving_failed', 'The vLLM server lists no base model in /v1/models. Look at its log.');
  }
}
