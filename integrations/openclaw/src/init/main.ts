/**
 * Makes a gateway ready, as often as one likes: the adapter that answers, and OpenClaw's configuration.
 * Settings come from the environment; integrations/openclaw/README.md lists them.
 */
import { baseModelOf, createAdapter, waitForClaas } from '../set-up/create-adapter.js';
import { openclawConfig } from '../set-up/openclaw-config.js';
import { writeConfig } from '../set-up/write-config.js';
import { readInitSettings } from './init-settings.js';

const say = (line: string): void => {
  console.log(`init: ${line}`);
};

try {
  const { claasUrl, configFolder, gatewayFor, loraId, loraSeed, timeoutSeconds } = readInitSettings(process.env);
  await waitForClaas(claasUrl, timeoutSeconds, say);
  const isNew = await createAdapter(claasUrl, loraId, loraSeed);
  say(`adapter ${loraId} ${isNew ? 'made' : 'is there already'}`);
  const baseModel = await baseModelOf(claasUrl);
  const isChanged = await writeConfig(configFolder, openclawConfig(gatewayFor(baseModel)));
  say(`${configFolder}/openclaw.json for ${baseModel} ${isChanged ? 'written' : 'is as it should be'}`);
} catch (error) {
  console.error(`init: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
