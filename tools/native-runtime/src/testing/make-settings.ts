import type { NativeSettings } from '../settings/native-settings.js';

/** Settings with short time limits; the search path leads nowhere. */
export function makeSettings(changes: Partial<NativeSettings> & Pick<NativeSettings, 'directory'>): NativeSettings {
  const searchPath = changes.searchPath ?? '';
  return {
    libtensorflow: null,
    archiveUrl: null,
    skip: false,
    hasNvidiaDriver: false,
    compiler: null,
    environment: { PATH: searchPath },
    limits: { download: 20_000, stall: 20_000, compilation: 120_000, proof: 30_000, lock: 20_000 },
    ...changes,
    searchPath,
  };
}
