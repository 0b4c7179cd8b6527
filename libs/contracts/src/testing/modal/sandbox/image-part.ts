import { status } from '@grpc/grpc-js';
import { createHash } from 'node:crypto';
import type { ModalPart } from '../rpc/modal-part.js';
import { RpcError } from '../rpc/rpc-error.js';
import { ResultStatus } from './sandbox-machine.js';

const MESSAGES = `
message BaseImage { string image_id = 1; string docker_tag = 2; }
message Image { repeated BaseImage base_images = 5; repeated string dockerfile_commands = 6; repeated string secret_ids = 12; }
message GenericResult { int32 status = 1; string exception = 2; int32 exitcode = 3; }
message ImageGetOrCreateRequest { Image image = 2; string app_id = 4; bool force_build = 7; string builder_version = 9; }
message ImageGetOrCreateResponse { string image_id = 1; GenericResult result = 2; }
message ImageJoinStreamingRequest { string image_id = 1; float timeout = 2; string last_entry_id = 3; }
message ImageJoinStreamingResponse { GenericResult result = 1; string entry_id = 3; bool eof = 4; }
message ImageGetByTagRequest { string tag = 1; string environment_name = 2; }
message ImageGetByTagResponse { string image_id = 1; }
message ImagePublishRequest { string image_id = 1; string tag = 2; string environment_name = 3; bool allow_public = 4; }
message ImagePublishResponse { string image_id = 1; string revision_id = 2; }
message ImageFromIdRequest { string image_id = 1; }
message ImageFromIdResponse { string image_id = 1; }
`;

const RPCS = `
rpc ImageGetOrCreate (ImageGetOrCreateRequest) returns (ImageGetOrCreateResponse);
rpc ImageJoinStreaming (ImageJoinStreamingRequest) returns (stream ImageJoinStreamingResponse);
rpc ImageGetByTag (ImageGetByTagRequest) returns (ImageGetByTagResponse);
rpc ImagePublish (ImagePublishRequest) returns (ImagePublishResponse);
rpc ImageFromId (ImageFromIdRequest) returns (ImageFromIdResponse);
`;

interface ImageBuild {
  readonly dockerfileCommands: readonly string[];
  readonly baseImages: readonly { readonly imageId: string }[];
}

/** Images: a layer is known by its commands and what it stands on, so that the same build is the same image, as in Modal's cache. */
export class ImageRegistry {
  /** All commands of each image, its base's first. */
  private readonly commands = new Map<string, readonly string[]>();
  private readonly tags = new Map<string, string>();

  readonly part: ModalPart = {
    service: 'modal.client.ModalClient',
    messages: MESSAGES,
    rpcs: RPCS,
    handlers: {
      ImageGetOrCreate: ({ image }: { image: ImageBuild }) => ({ imageId: this.build(image) }),
      ImageJoinStreaming: ({ imageId }: { imageId: string }) => this.join(imageId),
      ImageGetByTag: ({ tag }: { tag: string }) => ({ imageId: this.find(tag) }),
      ImagePublish: ({ imageId, tag }: { imageId: string; tag: string }) => {
        this.require(imageId);
        this.tags.set(tag, imageId);
        return { imageId, revisionId: '1' };
      },
      ImageFromId: ({ imageId }: { imageId: string }) => {
        this.require(imageId);
        return { imageId };
      },
    },
  };

  /** Makes an image there without a build, under `name:tag`. */
  publish(tag: string, commands: readonly string[] = []): string {
    const imageId = this.add([`FROM ${tag}`, ...commands], []);
    this.tags.set(tag, imageId);
    return imageId;
  }

  /** `name:tag` of what is published, with all commands that made it. */
  published(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.tags].map(([tag, imageId]) => [tag, this.commands.get(imageId) ?? []]));
  }

  /** @throws RpcError NOT_FOUND */
  require(imageId: string): void {
    if (!this.commands.has(imageId)) throw new RpcError(status.NOT_FOUND, `Image ${imageId} not found`);
  }

  private build({ dockerfileCommands, baseImages }: ImageBuild): string {
    const bases = baseImages.flatMap(({ imageId }) => {
      this.require(imageId);
      return this.commands.get(imageId) ?? [];
    });
    return this.add(dockerfileCommands, bases);
  }

  private add(commands: readonly string[], bases: readonly string[]): string {
    const all = [...bases, ...commands];
    const digest = createHash('sha256').update(JSON.stringify(all)).digest('hex');
    const imageId = `im-${digest.slice(0, 22)}`;
    this.commands.set(imageId, all);
    return imageId;
  }

  private find(tag: string): string {
    const imageId = this.tags.get(tag);
    if (imageId === undefined) throw new RpcError(status.NOT_FOUND, `Image with tag '${tag}' not found`);
    return imageId;
  }

  private async *join(imageId: string): AsyncIterable<object> {
    this.require(imageId);
    yield { result: { status: ResultStatus.Success, exception: '', exitcode: 0 }, entryId: '1', eof: true };
  }
}
