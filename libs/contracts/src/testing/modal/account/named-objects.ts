import { status } from '@grpc/grpc-js';
import { RpcError } from '../rpc/rpc-error.js';

/** `ObjectCreationType` of Modal's API; the others are not used by its SDK. */
export enum ObjectCreation {
  Lookup = 0,
  CreateIfMissing = 1,
  FailIfExists = 2,
}

/** Objects that are found by a name and known by an id, as Apps, Environments and Volumes are. */
export class NamedObjects {
  private readonly ids = new Map<string, string>();
  private count = 0;

  constructor(
    private readonly prefix: string,
    private readonly kind: string,
  ) {}

  /** @throws RpcError NOT_FOUND, ALREADY_EXISTS */
  find(name: string, creation: ObjectCreation): string {
    const id = this.ids.get(name);
    if (id !== undefined && creation === ObjectCreation.FailIfExists) {
      throw new RpcError(status.ALREADY_EXISTS, `${this.kind} '${name}' exists`);
    }
    if (id !== undefined) return id;
    if (creation === ObjectCreation.Lookup) throw new RpcError(status.NOT_FOUND, `${this.kind} '${name}' not found`);
    return this.create(name);
  }

  create(name: string): string {
    this.count += 1;
    const id = `${this.prefix}-${String(this.count).padStart(22, '0')}`;
    this.ids.set(name, id);
    return id;
  }

  nameOf(id: string): string | undefined {
    return [...this.ids].find(([, known]) => known === id)?.[0];
  }

  delete(id: string): void {
    const name = this.nameOf(id);
    if (name !== undefined) this.ids.delete(name);
  }
}
