import { resolve } from 'node:path';
import { environmentRoot, prepareEnvironment } from './environment.js';
import { readOptions, USAGE } from './options.js';
import type { Options } from './options.js';
import { run } from './run.js';
import { freePort, VllmServer } from './vllm-server.js';

const MODEL_DIRECTORY = resolve(import.meta.dirname, '../../../models/clay-tiny/model');
const MODEL_NAME = 'clay-tiny';

const say = (line: string): void => {
  console.error(line);
};

async function serve({ version, python, dtype, port, installOnly, rest }: Options): Promise<number> {
  const programs = await prepareEnvironment({ root: environmentRoot(process.env), version, python }, run, say);
  if (installOnly) return 0;
  const chosen = port === 0 ? await freePort() : port;
  const request = { programs, modelDirectory: MODEL_DIRECTORY, modelName: MODEL_NAME, dtype, port: chosen, rest };
  const server = VllmServer.start(request, process.env);
  const wish = new AbortController();
  const end = (): void => {
    wish.abort();
    void server.end();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  try {
    await server.whenReady();
    console.log(server.url);
    say(`\nvLLM ${version} serves ${MODEL_NAME} at ${server.url} (${dtype}). In another terminal:`);
    say(`  VLLM_TEST_URL=${server.url} VLLM_TEST_DTYPE=${dtype} npx nx test @claas/vllm-control\nCtrl-C ends it.`);
    const code = await server.whenExited();
    return wish.signal.aborted ? 0 : code;
  } catch (error) {
    if (wish.signal.aborted) return 0;
    throw error;
  } finally {
    await server.end();
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') console.log(USAGE);
  else process.exitCode = await serve(options);
} catch (error) {
  const { message, cause } = error as Error;
  say(message);
  if (cause instanceof Error) say(cause.message);
  process.exitCode = 1;
}
