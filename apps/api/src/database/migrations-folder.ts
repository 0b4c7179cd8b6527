import { resolve } from 'node:path';

/** `apps/api/{src,dist}/database` → `apps/api/migrations`. Migrations that were applied before are left alone. */
export const MIGRATIONS_FOLDER = resolve(import.meta.dirname, '../../migrations');
