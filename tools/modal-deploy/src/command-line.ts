import { parseArgs } from 'node:util';

export const USAGE = `Puts CLaaS on Modal: the image that trainers run in, and the service itself.

Usage: node tools/modal-deploy/dist/main.js COMMAND [options]

Commands
  image    builds the image with the trainer and publishes it (CLAAS_MODAL_IMAGE)
  service  runs the API in a Sandbox and says how to reach it; again: replaces the one that runs
  status   says what is published and what runs
  stop     ends the API's Sandbox; a trainer's ends by itself when it is idle

Options of image
  --tag NAME:TAG           name to publish under (claas-trainer:latest)
  --from REFERENCE         take an image from a registry, made with docker/trainer-gpu.Dockerfile, instead of building one
  --registry-secret NAME   Modal Secret with REGISTRY_USERNAME and REGISTRY_PASSWORD, for a registry that asks for them

Options of service
  --image NAME:TAG         image that holds the API (claas-trainer:latest)
  --port PORT              port of the API inside the Sandbox (8080)
  --ephemeral              without CLAAS_DATABASE_URL: the database ends with the Sandbox, after a day at most

Options of all
  --app NAME               Modal App (claas)
  --dry-run                say what would be done, and do nothing
  --help                   this text

From the environment: MODAL_TOKEN_ID, MODAL_TOKEN_SECRET and MODAL_ENVIRONMENT as for the service, or ~/.modal.toml.
\`service\` hands on every CLAAS_*, FEEDBACK_*, HF_* and MODAL_* variable. docs/modal.md walks through it.`;

export const COMMANDS = ['image', 'service', 'status', 'stop'] as const;
export type Command = (typeof COMMANDS)[number];

export interface Options {
  readonly command: Command;
  readonly app: string;
  readonly isDryRun: boolean;
  readonly tag: string;
  readonly from: string | null;
  readonly registrySecret: string | null;
  readonly image: string;
  readonly port: number;
  readonly isEphemeral: boolean;
}

/** What was typed is wrong; the message says what is right. */
export class CommandLineError extends Error {}

const DEFAULT_IMAGE = 'claas-trainer:latest';
const ONLY_OF: Readonly<Record<string, Command>> = {
  tag: 'image',
  from: 'image',
  'registry-secret': 'image',
  image: 'service',
  port: 'service',
  ephemeral: 'service',
};

/** @throws CommandLineError */
export function readCommandLine(args: readonly string[]): Options | 'help' {
  const { values, positionals } = parse(args);
  if (values.help === true) return 'help';
  const command = COMMANDS.find((known) => known === positionals[0]);
  if (command === undefined || positionals.length > 1) {
    throw new CommandLineError(`Expected one of ${COMMANDS.join(', ')}; --help tells what they do.`);
  }
  for (const name of Object.keys(values)) {
    const owner = ONLY_OF[name];
    if (owner !== undefined && owner !== command) throw new CommandLineError(`--${name} belongs to ${owner}.`);
  }
  if (values['registry-secret'] !== undefined && values.from === undefined) {
    throw new CommandLineError('--registry-secret is for --from: an image that is built here needs none.');
  }
  const port = Number(values.port ?? 8080);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new CommandLineError('--port expects 1 to 65535.');
  return {
    command,
    app: values.app ?? 'claas',
    isDryRun: values['dry-run'] ?? false,
    tag: values.tag ?? DEFAULT_IMAGE,
    from: values.from ?? null,
    registrySecret: values['registry-secret'] ?? null,
    image: values.image ?? DEFAULT_IMAGE,
    port,
    isEphemeral: values.ephemeral ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        app: { type: 'string' },
        'dry-run': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        tag: { type: 'string' },
        from: { type: 'string' },
        'registry-secret': { type: 'string' },
        image: { type: 'string' },
        port: { type: 'string' },
        ephemeral: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new CommandLineError(error instanceof Error ? error.message : String(error));
  }
}
