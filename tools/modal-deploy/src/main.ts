import { ModalClient, NotFoundError } from 'modal';
import { resolve } from 'node:path';
import { CommandLineError, readCommandLine, USAGE } from './command-line.js';
import type { Options } from './command-line.js';
import { describeFailure } from './describe-failure.js';
import { BASE_IMAGE, imageLayers } from './image/dockerfile-commands.js';
import { programArchive } from './image/program-archive.js';
import { publishImage } from './image/publish-image.js';
import { Steps } from './progress/steps.js';
import { findService, runService, stopService } from './service/run-service.js';
import { serviceSettings } from './service/service-settings.js';

const WORKSPACE = resolve(import.meta.dirname, '../../..');
const SECRET = /TOKEN|SECRET|KEY|PASSWORD|DATABASE_URL/;
const SHOWN_CHARACTERS = 120;

async function run(options: Options): Promise<void> {
  if (options.isDryRun) {
    await describe(options);
    return;
  }
  const client = new ModalClient({ logLevel: 'error' });
  const steps = new Steps();
  switch (options.command) {
    case 'image': {
      const id = await publishImage(client, options, WORKSPACE, steps);
      console.log(`${options.tag} is published (${id}). The service uses it with CLAAS_MODAL_IMAGE=${options.tag}.`);
      break;
    }
    case 'service': {
      const { url, token } = await runService(client, options, serviceSettings(process.env, options), steps);
      console.log(`The service is at ${url}. Every request needs its token:

  curl -H 'authorization: Bearer ${token}' ${url}/v1/health

It ends after 24 hours, as every Sandbox does; \`service\` starts it again.`);
      break;
    }
    case 'status': {
      const image = await client.images.fromName(options.image).catch((error: unknown) => {
        if (error instanceof NotFoundError) return null;
        throw error;
      });
      console.log(`image    ${options.image}: ${image === null ? 'not published' : image.imageId}`);
      const service = await findService(client, options.app);
      console.log(`service  ${service === null ? 'not running' : service.sandboxId}`);
      break;
    }
    case 'stop':
      console.log((await stopService(client, options.app)) ? 'The service is ended.' : 'No service was running.');
      break;
  }
  client.close();
}

/** What would be done. */
async function describe(options: Options): Promise<void> {
  const short = (text: string): string =>
    text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  switch (options.command) {
    case 'image':
      if (options.from === null) {
        console.log(`FROM ${BASE_IMAGE}`);
        const layers = imageLayers(await programArchive(WORKSPACE));
        for (const command of layers.flat()) console.log(short(command));
      } else {
        console.log(`FROM ${options.from}`);
      }
      console.log(`would be built in the App ${options.app} and published as ${options.tag}`);
      break;
    case 'service':
      for (const [name, value] of Object.entries(serviceSettings(process.env, options))) {
        console.log(`${name}=${SECRET.test(name) ? '********' : value}`);
      }
      console.log(`would be the settings of the service, from ${options.image}, in the App ${options.app}`);
      break;
    case 'status':
      console.log('would look, and change nothing');
      break;
    case 'stop':
      console.log(`would end the service in the App ${options.app}`);
      break;
  }
}

try {
  const options = readCommandLine(process.argv.slice(2));
  if (options === 'help') console.log(USAGE);
  else await run(options);
  process.exit(0);
} catch (error) {
  console.error(describeFailure(error));
  process.exit(error instanceof CommandLineError ? 2 : 1);
}
