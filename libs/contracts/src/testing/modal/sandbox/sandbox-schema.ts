/** The messages about Sandboxes, with Modal's field numbers. */
export const SANDBOX_MESSAGES = `
message GPUConfig { int32 type = 1; uint32 count = 2; string gpu_type = 4; }
message Resources { uint32 memory_mb = 2; uint32 milli_cpu = 3; GPUConfig gpu_config = 4; }
message VolumeMount { string volume_id = 1; string mount_path = 2; bool allow_background_commits = 3; bool read_only = 4; string sub_path = 5; }
message PortSpec { uint32 port = 1; bool unencrypted = 2; int32 tunnel_type = 3; }
message PortSpecs { repeated PortSpec ports = 1; }
message StringMap { map<string, string> contents = 1; }
message SecretSource { string secret_id = 1; StringMap env = 2; }
message Sandbox {
  repeated string entrypoint_args = 1; string image_id = 3; repeated string secret_ids = 4; Resources resources = 5;
  uint32 timeout_secs = 7; string workdir = 8; repeated VolumeMount volume_mounts = 13; PortSpecs open_ports = 20;
  string name = 30; uint32 idle_timeout_secs = 33;
}
message SandboxTag { string tag_name = 1; string tag_value = 2; }
message SandboxCreateRequest { string app_id = 1; Sandbox definition = 2; repeated SandboxTag tags = 4; }
message SandboxCreateResponse { string sandbox_id = 1; }
message SandboxCreateV2Request { string app_id = 1; Sandbox definition = 2; repeated SandboxTag tags = 4; repeated SecretSource secret_sources = 6; }
message CommandRouterAccess { string jwt = 1; string url = 2; }
message TunnelData { string host = 1; uint32 port = 2; string unencrypted_host = 3; uint32 unencrypted_port = 4; uint32 container_port = 5; }
message SandboxCreateV2Response { string sandbox_id = 1; repeated TunnelData tunnels = 2; string task_id = 3; CommandRouterAccess command_router_access = 5; }
message SandboxGetTaskIdRequest { string sandbox_id = 1; float timeout = 2; bool wait_until_ready = 3; }
message SandboxGetTaskIdResponse { string task_id = 1; GenericResult task_result = 2; }
message SandboxGetFromNameRequest { string sandbox_name = 1; string environment_name = 2; string app_name = 3; bool include_terminated = 4; }
message SandboxGetFromNameResponse { string sandbox_id = 1; }
message SandboxListRequest { string app_id = 1; double before_timestamp = 2; string environment_name = 3; bool include_finished = 4; repeated SandboxTag tags = 5; }
message SandboxInfo { string id = 1; double created_at = 3; string app_id = 5; repeated SandboxTag tags = 6; string name = 7; string image_id = 8; }
message SandboxListResponse { repeated SandboxInfo sandboxes = 1; }
message SandboxTagsGetRequest { string sandbox_id = 1; }
message SandboxTagsGetResponse { repeated SandboxTag tags = 1; }
message SandboxTagsSetRequest { string environment_name = 1; string sandbox_id = 2; repeated SandboxTag tags = 3; }
message SandboxWaitRequest { string sandbox_id = 1; float timeout = 2; }
message SandboxWaitResponse { GenericResult result = 1; }
message SandboxTerminateRequest { string sandbox_id = 1; }
message SandboxTerminateResponse { GenericResult existing_result = 1; }
message SandboxGetTunnelsRequest { string sandbox_id = 1; float timeout = 2; }
message SandboxGetTunnelsResponse { GenericResult result = 1; repeated TunnelData tunnels = 2; }
message SandboxCreateConnectTokenRequest { string sandbox_id = 1; string user_metadata = 2; uint32 port = 3; }
message SandboxCreateConnectTokenResponse { string url = 1; string token = 2; }
message TaskGetCommandRouterAccessRequest { string task_id = 1; }
message SandboxGetCommandRouterAccessRequest { string sandbox_id = 1; string task_id = 2; }
`;

/** RPCs that exist once for each generation of Sandboxes, with the same messages. */
const TWICE = {
  SandboxGetTaskId: ['SandboxGetTaskIdRequest', 'SandboxGetTaskIdResponse'],
  SandboxGetFromName: ['SandboxGetFromNameRequest', 'SandboxGetFromNameResponse'],
  SandboxList: ['SandboxListRequest', 'SandboxListResponse'],
  SandboxTagsGet: ['SandboxTagsGetRequest', 'SandboxTagsGetResponse'],
  SandboxTagsSet: ['SandboxTagsSetRequest', 'Empty'],
  SandboxWait: ['SandboxWaitRequest', 'SandboxWaitResponse'],
  SandboxTerminate: ['SandboxTerminateRequest', 'SandboxTerminateResponse'],
  SandboxGetTunnels: ['SandboxGetTunnelsRequest', 'SandboxGetTunnelsResponse'],
  SandboxCreateConnectToken: ['SandboxCreateConnectTokenRequest', 'SandboxCreateConnectTokenResponse'],
} as const;

export const SANDBOX_RPCS = [
  'rpc SandboxCreate (SandboxCreateRequest) returns (SandboxCreateResponse);',
  'rpc SandboxCreateV2 (SandboxCreateV2Request) returns (SandboxCreateV2Response);',
  'rpc TaskGetCommandRouterAccess (TaskGetCommandRouterAccessRequest) returns (CommandRouterAccess);',
  'rpc SandboxGetCommandRouterAccess (SandboxGetCommandRouterAccessRequest) returns (CommandRouterAccess);',
  ...Object.entries(TWICE).flatMap(([rpc, [request, answer]]) =>
    [rpc, `${rpc}V2`].map((name) => `rpc ${name} (${request}) returns (${answer});`),
  ),
].join('\n');

export interface SandboxTag {
  readonly tagName: string;
  readonly tagValue: string;
}

export interface WireDefinition {
  readonly entrypointArgs: readonly string[];
  readonly imageId: string;
  readonly secretIds: readonly string[];
  readonly resources: { readonly gpuConfig: { readonly gpuType: string } | null } | null;
  readonly timeoutSecs: number;
  readonly workdir: string;
  readonly volumeMounts: readonly { readonly volumeId: string; readonly mountPath: string }[];
  readonly openPorts: { readonly ports: readonly { readonly port: number }[] } | null;
  readonly name: string;
  readonly idleTimeoutSecs: number;
}

export interface CreateRequest {
  readonly appId: string;
  readonly definition: WireDefinition;
  readonly tags: readonly SandboxTag[];
  readonly secretSources?: readonly SecretSource[];
}

export interface SecretSource {
  readonly secretId: string;
  readonly env: { readonly contents: Readonly<Record<string, string>> } | null;
}

export interface ListRequest {
  readonly appId: string;
  readonly beforeTimestamp: number;
  readonly tags: readonly SandboxTag[];
}

export interface FromNameRequest {
  readonly sandboxName: string;
  readonly appName: string;
  readonly environmentName: string;
}

export function gpuOf({ resources }: WireDefinition): string | null {
  const type = resources?.gpuConfig?.gpuType ?? '';
  return type === '' ? null : type;
}

export function fromWireTags(tags: readonly SandboxTag[]): Record<string, string> {
  return Object.fromEntries(tags.map(({ tagName, tagValue }) => [tagName, tagValue]));
}

export function toWireTags(tags: Readonly<Record<string, string>>): SandboxTag[] {
  return Object.entries(tags).map(([tagName, tagValue]) => ({ tagName, tagValue }));
}
