import type { Image, ModalClient } from 'modal';
import type { Options } from '../command-line.js';
import type { Steps } from '../progress/steps.js';
import { BASE_IMAGE, imageLayers } from './dockerfile-commands.js';
import { programArchive } from './program-archive.js';

/** Builds or takes over the image, and publishes it; its id. */
export async function publishImage(
  client: ModalClient,
  { app: appName, from, registrySecret, tag }: Options,
  workspace: string,
  steps: Steps,
): Promise<string> {
  const app = await steps.run(`App ${appName}`, () => client.apps.fromName(appName, { createIfMissing: true }));
  let image: Image;
  if (from === null) {
    const archive = await steps.run('Packing the programs', () => programArchive(workspace));
    image = client.images.fromRegistry(BASE_IMAGE);
    for (const [index, layer] of imageLayers(archive).entries()) {
      image = image.dockerfileCommands(layer);
      await steps.run(`Building layer ${index + 1} of 3`, () => image.build(app));
    }
  } else {
    const secret = registrySecret === null ? undefined : await client.secrets.fromName(registrySecret);
    image = client.images.fromRegistry(from, secret);
    await steps.run(`Taking ${from}`, () => image.build(app));
  }
  await steps.run(`Publishing ${tag}`, () => image.publish(tag));
  return image.imageId;
}
