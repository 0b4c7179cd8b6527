import type { Mode } from '../options/options.js';
import { startModalDouble } from './modal-double.js';
import { startTinkerDouble } from './tinker-double.js';

/** What stands for a service that isn't on this machine, and how the API finds it. */
export interface Double {
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Null where the API has all that it needs. */
export async function startDouble(mode: Mode): Promise<Double | null> {
  switch (mode) {
    case 'local':
      return null;
    case 'modal':
      return startModalDouble();
    case 'tinker':
      return startTinkerDouble();
  }
}
