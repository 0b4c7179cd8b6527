import { status } from '@grpc/grpc-js';
import type { ModalPart } from '../rpc/modal-part.js';
import { RpcError } from '../rpc/rpc-error.js';
import { NamedObjects, ObjectCreation } from './named-objects.js';

const MESSAGES = `
message AuthTokenGetRequest {}
message AuthTokenGetResponse { string token = 1; }
message AppGetOrCreateRequest { string app_name = 1; string environment_name = 2; int32 object_creation_type = 3; }
message AppGetOrCreateResponse { string app_id = 1; }
message EnvironmentGetOrCreateRequest { string deployment_name = 1; int32 object_creation_type = 2; }
message EnvironmentSettings { string image_builder_version = 1; }
message EnvironmentMetadata { string name = 1; EnvironmentSettings settings = 2; }
message EnvironmentGetOrCreateResponse { string environment_id = 1; EnvironmentMetadata metadata = 2; }
`;

const RPCS = `
rpc AuthTokenGet (AuthTokenGetRequest) returns (AuthTokenGetResponse);
rpc AppGetOrCreate (AppGetOrCreateRequest) returns (AppGetOrCreateResponse);
rpc EnvironmentGetOrCreate (EnvironmentGetOrCreateRequest) returns (EnvironmentGetOrCreateResponse);
`;

const DEFAULT_ENVIRONMENT = 'main';
const TOKEN_LIFETIME_SECONDS = 1200;

interface AppRequest {
  readonly appName: string;
  readonly environmentName: string;
  readonly objectCreationType: ObjectCreation;
}

interface EnvironmentRequest {
  readonly deploymentName: string;
  readonly objectCreationType: ObjectCreation;
}

/** Tokens, Apps and Environments. */
export class Account {
  private readonly apps = new NamedObjects('ap', 'App');
  private readonly environments = new NamedObjects('en', 'Environment');

  readonly part: ModalPart = {
    service: 'modal.client.ModalClient',
    messages: MESSAGES,
    rpcs: RPCS,
    handlers: {
      AuthTokenGet: () => ({ token: makeToken() }),
      AppGetOrCreate: ({ appName, environmentName, objectCreationType }: AppRequest) => {
        if (appName === '') throw new RpcError(status.INVALID_ARGUMENT, 'An App needs a name');
        return { appId: this.appId(appName, environmentName, objectCreationType) };
      },
      EnvironmentGetOrCreate: ({ deploymentName, objectCreationType }: EnvironmentRequest) => {
        const name = deploymentName || DEFAULT_ENVIRONMENT;
        const environmentId = this.environments.find(name, objectCreationType);
        return { environmentId, metadata: { name, settings: { imageBuilderVersion: '2025.06' } } };
      },
    },
  };

  constructor() {
    this.environments.create(DEFAULT_ENVIRONMENT);
  }

  /** @throws RpcError NOT_FOUND */
  appId(name: string, environment: string, creation = ObjectCreation.Lookup): string {
    return this.apps.find(`${environment || DEFAULT_ENVIRONMENT}/${name}`, creation);
  }
}

/** A JWT as Modal's, but for its signature, which clients can't check. */
function makeToken(): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  return [encode({ alg: 'HS256', typ: 'JWT' }), encode({ iat: now, exp: now + TOKEN_LIFETIME_SECONDS }), 'signed'].join(
    '.',
  );
}
