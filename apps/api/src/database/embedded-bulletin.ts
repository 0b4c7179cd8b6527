import { Bulletin } from './bulletin.js';

/** Of a database that one process alone has open: there is nobody to tell. */
export class EmbeddedBulletin extends Bulletin {
  override readonly id = 'embedded';
  override readonly isListening = true;

  override async join(): Promise<void> {
    await Promise.resolve();
  }

  override async post(): Promise<void> {
    await Promise.resolve();
  }

  override onNotice(): () => void {
    return () => undefined;
  }

  override onInterruption(): () => void {
    return () => undefined;
  }

  override async others(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
}
