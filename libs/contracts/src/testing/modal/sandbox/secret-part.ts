import { status } from '@grpc/grpc-js';
import type { ModalPart } from '../rpc/modal-part.js';
import { RpcError } from '../rpc/rpc-error.js';
import type { SecretSource } from './sandbox-schema.js';

const MESSAGES = `
message SecretGetOrCreateRequest { string deployment_name = 1; string environment_name = 3; int32 object_creation_type = 4; map<string, string> env_dict = 5; }
message SecretGetOrCreateResponse { string secret_id = 1; }
`;

/** Secrets without a name: variables that a Sandbox is given. */
export class SecretStore {
  private readonly secrets = new Map<string, Readonly<Record<string, string>>>();

  readonly part: ModalPart = {
    service: 'modal.client.ModalClient',
    messages: MESSAGES,
    rpcs: 'rpc SecretGetOrCreate (SecretGetOrCreateRequest) returns (SecretGetOrCreateResponse);',
    handlers: {
      SecretGetOrCreate: ({ envDict }: { envDict: Readonly<Record<string, string>> }) => {
        const secretId = `st-${String(this.secrets.size + 1).padStart(22, '0')}`;
        this.secrets.set(secretId, envDict);
        return { secretId };
      },
    },
  };

  /** The variables of all sources; a later one wins. */
  merge(sources: readonly SecretSource[]): Record<string, string> {
    return Object.assign({}, ...sources.map(({ secretId, env }) => env?.contents ?? this.require(secretId)));
  }

  private require(secretId: string): Readonly<Record<string, string>> {
    const secret = this.secrets.get(secretId);
    if (secret === undefined) throw new RpcError(status.NOT_FOUND, `Secret ${secretId} not found`);
    return secret;
  }
}
