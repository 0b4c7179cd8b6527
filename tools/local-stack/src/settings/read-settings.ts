import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseVariables } from 'dotenv';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { StackError } from './stack-error.js';
import { stackFile, type StackFile } from './stack-file.js';

export type Variables = Readonly<Record<string, string | undefined>>;

/** What was given on the command line. */
export interface Flags {
  readonly config?: string;
  readonly envFile?: string;
  readonly dataDir?: string;
  readonly port?: number;
  readonly adapter?: readonly string[];
  readonly vllm?: string;
  readonly gateway?: string;
}

export interface StackSettings {
  /** Absolute. */
  readonly dataDirectory: string;
  readonly logFile: string;
  readonly workingDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly file: StackFile;
  /** Where `file` came from; null without one. */
  readonly fileName: string | null;
  /** The variables that the .env file names, for the API and the gateway; where the environment has one too, that. */
  readonly dotEnv: Readonly<Record<string, string>>;
  /** This process's environment, over `dotEnv`. */
  readonly env: Variables;
}

export const FILE_NAMES = ['claas-stack.yaml', 'claas-stack.yml', 'claas-stack.json'];
const DEFAULT_PORT = 8080;
const WRONG_USE = 2;

/** Flags over environment over .env over the file over defaults. @throws StackError that names what is wrong */
export function readSettings(flags: Flags, environment: Variables, workingDirectory: string): StackSettings {
  const dotEnv = readDotEnv(flags.envFile, workingDirectory);
  const env = { ...dotEnv, ...withoutEmpty(environment) };
  const { file, fileName } = readFile(flags.config, workingDirectory);
  const dataDirectory = path.resolve(
    workingDirectory,
    flags.dataDir ?? env['CLAAS_DATA_DIR'] ?? file.data_dir ?? 'data',
  );
  const logFile = path.resolve(workingDirectory, file.log_file ?? path.join(dataDirectory, 'stack.log'));
  return {
    dataDirectory,
    logFile,
    workingDirectory,
    host: env['CLAAS_API_HOST'] ?? file.api.host ?? '127.0.0.1',
    port: flags.port ?? portOf(env['CLAAS_API_PORT']) ?? file.api.port ?? DEFAULT_PORT,
    file: withFlags(file, flags),
    fileName,
    dotEnv: Object.fromEntries(Object.keys(dotEnv).map((name) => [name, env[name]!])),
    env,
  };
}

function withFlags(file: StackFile, { adapter = [], vllm, gateway }: Flags): StackFile {
  const adapters = [
    ...file.adapters,
    ...adapter.filter((id) => !file.adapters.some((known) => known.id === id)).map((id) => ({ id })),
  ];
  return {
    ...file,
    adapters,
    ...(vllm !== undefined && { vllm: stackFile.parse({ vllm: { ...file.vllm, model: vllm } }).vllm }),
    ...(gateway !== undefined && {
      gateway: { env: {}, ...file.gateway, command: wordsOf(gateway) },
    }),
  };
}

/** A command as typed; what needs a shell gets one. */
function wordsOf(command: string): string[] {
  return /[^\w\s@%+=:,./-]/.test(command) ? ['sh', '-c', `exec ${command}`] : command.trim().split(/\s+/);
}

function readFile(given: string | undefined, workingDirectory: string): { file: StackFile; fileName: string | null } {
  const fileName = given ?? FILE_NAMES.find((name) => existsSync(path.join(workingDirectory, name))) ?? null;
  if (fileName === null) return { file: stackFile.parse({}), fileName };
  const result = stackFile.safeParse(parse(fileName, workingDirectory) ?? {});
  if (result.success) return { file: result.data, fileName };
  throw new StackError(
    `${fileName} isn't right:\n${z.prettifyError(result.error)}`,
    'docs/local-stack.md lists what it may hold.',
    WRONG_USE,
  );
}

function parse(fileName: string, workingDirectory: string): unknown {
  const text = read(fileName, workingDirectory);
  try {
    // JSON is YAML too.
    return parseYaml(text);
  } catch (error) {
    throw new StackError(`${fileName} can't be read: ${(error as Error).message}`, null, WRONG_USE);
  }
}

function readDotEnv(given: string | undefined, workingDirectory: string): Record<string, string> {
  const fileName = given ?? '.env';
  if (given === undefined && !existsSync(path.join(workingDirectory, fileName))) return {};
  return withoutEmpty(parseVariables(read(fileName, workingDirectory)));
}

function read(fileName: string, workingDirectory: string): string {
  try {
    return readFileSync(path.resolve(workingDirectory, fileName), 'utf8');
  } catch (error) {
    throw new StackError(`${fileName} can't be read: ${(error as Error).message}.`, null, WRONG_USE);
  }
}

/** An empty value counts as none, as in the service. */
function withoutEmpty(variables: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new StackError(`CLAAS_API_PORT is ${text}, which is no port from 1 to 65535.`, null, WRONG_USE);
}
