/**
 * Makes a gateway ready, as often as one likes: the adapter that answers, and OpenClaw's configuration.
 * Settings come from the environment; docker/README.md and integrations/openclaw/README.md list them.
 */
import { createAdapter, waitForClaas } from '../set-up/create-adapter.js';
import { openclawConfig } from '../set-up/openclaw-config.js';
import { writeConfig } from '../set-up/write-config.js';
import { readInitSettings } from './init-settings.js';

const say = (line: string): void => {
  console.log(`init: ${line}`);
};

try {
  const { configFolder, gateway, timeoutSeconds } = readInitSettings(process.env);
  await waitForClaas(gateway.claasUrl, timeoutSeconds, say);
  const isNew = await createAdapter(gateway.claasUrl, gateway.loraId);
  say(`adapter ${gateway.loraId} ${isNew ? 'made' : 'is there already'}`);
  const isChanged = await writeConfig(configFolder, openclawConfig(gateway));
  say(`${configFolder}/openclaw.json ${isChanged ? 'written' : 'is as it should be'}`);
} catch (error) {
  console.error(`init: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
