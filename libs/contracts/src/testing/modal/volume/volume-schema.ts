import type { ObjectCreation } from '../account/named-objects.js';

/** Of Modal's API as of SDK 0.11.1: the second version of volume files, which are made of blocks of 8 MiB. */
export const VOLUME_MESSAGES = `
message VolumeMetadata { int32 version = 1; string name = 2; }
message VolumeGetOrCreateRequest {
  string deployment_name = 1; string environment_name = 3; int32 object_creation_type = 4; string app_id = 5; int32 version = 6;
}
message VolumeGetOrCreateResponse { string volume_id = 1; int32 version = 2; VolumeMetadata metadata = 3; }
message VolumeGetByIdRequest { string volume_id = 1; }
message VolumeGetByIdResponse { string volume_id = 1; VolumeMetadata metadata = 2; }
message VolumeHeartbeatRequest { string volume_id = 1; }
message VolumeDeleteRequest { string volume_id = 1; string environment_name = 2; }
message VolumePutFiles2Request {
  message Block { bytes contents_sha256 = 1; optional bytes put_response = 2; }
  message File { string path = 1; uint64 size = 2; repeated Block blocks = 3; optional uint32 mode = 4; }
  string volume_id = 1; repeated File files = 2; bool disallow_overwrite_existing_files = 3;
}
message VolumePutFiles2Response {
  message MissingBlock { uint64 file_index = 1; uint64 block_index = 2; string put_url = 3; }
  repeated MissingBlock missing_blocks = 1;
}
message VolumeGetFile2Request {
  string volume_id = 1; string path = 2; uint64 start = 3; uint64 len = 4; bool client_pads_blocks = 5;
}
message VolumeGetFile2Response { repeated string get_urls = 1; uint64 size = 2; uint64 start = 3; uint64 len = 4; }
message VolumeListFiles2Request {
  string volume_id = 1; string path = 2; optional uint32 max_entries = 3; bool recursive = 4;
}
message FileEntry { string path = 1; int32 type = 2; uint64 mtime = 3; uint64 size = 4; }
message VolumeListFiles2Response { repeated FileEntry entries = 1; }
message VolumeRemoveFile2Request { string volume_id = 1; string path = 2; bool recursive = 3; }
message VolumeCopyFiles2Request { string volume_id = 1; repeated string src_paths = 2; string dst_path = 3; bool recursive = 4; }
`;

export const VOLUME_RPCS = `
rpc VolumeGetOrCreate (VolumeGetOrCreateRequest) returns (VolumeGetOrCreateResponse);
rpc VolumeGetById (VolumeGetByIdRequest) returns (VolumeGetByIdResponse);
rpc VolumeHeartbeat (VolumeHeartbeatRequest) returns (Empty);
rpc VolumeDelete (VolumeDeleteRequest) returns (Empty);
rpc VolumePutFiles2 (VolumePutFiles2Request) returns (VolumePutFiles2Response);
rpc VolumeGetFile2 (VolumeGetFile2Request) returns (VolumeGetFile2Response);
rpc VolumeListFiles2 (VolumeListFiles2Request) returns (stream VolumeListFiles2Response);
rpc VolumeRemoveFile2 (VolumeRemoveFile2Request) returns (Empty);
rpc VolumeCopyFiles2 (VolumeCopyFiles2Request) returns (Empty);
`;

export interface VolumeGetOrCreateRequest {
  readonly deploymentName: string;
  readonly environmentName: string;
  readonly objectCreationType: ObjectCreation;
}

export interface PutFilesRequest {
  readonly volumeId: string;
  readonly files: readonly PutFile[];
  readonly disallowOverwriteExistingFiles: boolean;
}

export interface PutFile {
  readonly path: string;
  readonly size: number;
  readonly blocks: readonly { readonly contentsSha256: Buffer; readonly putResponse?: Buffer }[];
  readonly mode?: number;
}

export interface GetFileRequest {
  readonly volumeId: string;
  readonly path: string;
  readonly start: number;
  /** 0 is to the end. */
  readonly len: number;
}

export interface ListFilesRequest {
  readonly volumeId: string;
  readonly path: string;
  readonly maxEntries?: number;
  readonly recursive: boolean;
}

export interface RemoveFileRequest {
  readonly volumeId: string;
  readonly path: string;
  readonly recursive: boolean;
}

export interface CopyFilesRequest {
  readonly volumeId: string;
  readonly srcPaths: readonly string[];
  readonly dstPath: string;
  readonly recursive: boolean;
}
