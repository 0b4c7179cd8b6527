import { join, relative, dirname } from 'node:path';
import { folderOf } from '@claas/adapter-files';
import type { AdapterId } from '@claas/contracts';

/** Where everything lies below the root. */
export class StoreLayout {
  readonly own: string;
  readonly staging: string;
  readonly trash: string;
  readonly adapters: string;
  readonly aliases: string;
  readonly lock: string;

  constructor(readonly root: string) {
    this.own = join(root, '.claas');
    this.staging = join(this.own, 'staging');
    this.trash = join(this.own, 'trash');
    this.adapters = join(this.own, 'adapters');
    this.aliases = join(this.own, 'aliases.json');
    this.lock = join(this.own, 'lock');
  }

  adapter(loraId: AdapterId): string {
    return join(this.adapters, folderOf(loraId));
  }

  head(loraId: AdapterId): string {
    return join(this.adapter(loraId), HEAD_FILE);
  }

  versions(loraId: AdapterId): string {
    return join(this.adapter(loraId), VERSIONS_FOLDER);
  }

  version(loraId: AdapterId, version: number): string {
    return join(this.versions(loraId), String(version));
  }

  /** Aliases that a new adapter brings; the file exists only until they are in the alias table. */
  pendingAliases(loraId: AdapterId): string {
    return join(this.adapter(loraId), PENDING_ALIASES_FILE);
  }

  /** A link to the current version's directory: a derived view of the head pointer. */
  headLink(loraId: AdapterId): string {
    return join(this.adapter(loraId), HEAD_LINK);
  }

  /** The public name of an adapter or alias: a link to the adapter's head link. */
  view(id: AdapterId): string {
    return join(this.root, ...id.split('/'));
  }

  /** What a public link says: relative, so that the root can be moved or mounted elsewhere. */
  viewTarget(id: AdapterId, loraId: AdapterId): string {
    return relative(dirname(this.view(id)), this.headLink(loraId));
  }
}

export const HEAD_LINK = 'head';

/** What the head link says. */
export function headLinkTarget(version: number): string {
  return join(VERSIONS_FOLDER, String(version));
}

export const HEAD_FILE = 'head.json';
export const VERSIONS_FOLDER = 'versions';
export const PENDING_ALIASES_FILE = 'pending-aliases.json';
