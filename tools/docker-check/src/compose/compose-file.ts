import { parse } from 'yaml';
import { readText } from '../workspace.js';

export interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly dockerfile: string; readonly target?: string };
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: unknown;
  readonly entrypoint?: readonly string[];
  readonly networks?: { readonly default?: { readonly aliases?: readonly string[] } };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** Everything that is brought up together: the files, and the example with their values. */
export interface Stack {
  readonly title: string;
  readonly files: readonly string[];
  readonly example: string;
  /** None where every service always runs. */
  readonly profiles: readonly string[];
}

const BASE = 'docker/docker-compose.yml';
const POSTGRES = 'docker/docker-compose.postgres.yml';
const TINKER = 'docker/docker-compose.tinker.yml';
const PROFILES = ['gpu', 'cpu', 'monitoring'];

export const COMPOSE_FILES = [BASE, POSTGRES, TINKER];

export const STACKS: readonly Stack[] = [
  { title: 'the stack', files: [BASE], example: 'docker/.env.example', profiles: PROFILES },
  { title: 'the stack with PostgreSQL', files: [BASE, POSTGRES], example: 'docker/.env.example', profiles: PROFILES },
  { title: 'Tinker', files: [TINKER], example: 'docker/.env.tinker.example', profiles: [] },
];

/** A compose file with its anchors resolved and its variables as they are written. */
export function readCompose(file: string): ComposeFile {
  const { services, volumes } = parse(readText(file), { merge: true }) as Partial<ComposeFile>;
  return { services: services ?? {}, volumes: volumes ?? {} };
}
