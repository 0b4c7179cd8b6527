import path from 'node:path';
import { ClaasClient } from './claas/claas-client.js';
import { feedbackCommand } from './commands/feedback-command.js';
import { Teacher } from './commands/teacher.js';
import { ConversationFiles } from './conversations/conversation-files.js';
import { ConversationMemory } from './conversations/conversation-memory.js';
import { observeAnswer } from './conversations/observe-answers.js';
import type { OpenClawPluginApi } from './host/openclaw-api.js';
import { PLAIN_PROMPTS } from './prompts/plain-prompts.js';
import { readPluginSettings } from './settings/plugin-settings.js';

/** The plugin as OpenClaw loads it: `/feedback` in any chat teaches the model that answered there. */
const claasFeedback = {
  id: 'claas-feedback',
  name: 'CLaaS feedback',
  description: '/feedback teaches the model that answered; /feedback undo takes the last lesson back.',

  /** @throws PluginSettingsError, which OpenClaw shows when it starts */
  register(api: OpenClawPluginApi): void {
    const settings = readPluginSettings(api.pluginConfig);
    const folder = path.join(api.runtime.state.resolveStateDir(), 'claas-feedback');
    const memory = new ConversationMemory(new ConversationFiles(folder));
    const client = new ClaasClient(settings.baseUrl, settings.apiKey);
    api.on('llm_output', (output, context) => observeAnswer(memory, settings.provider, output, context));
    api.registerCommand(feedbackCommand(api, new Teacher(client, memory, settings)));
    const { systemPrompt } = settings;
    if (systemPrompt !== null) api.on('before_prompt_build', () => ({ systemPrompt }));
    if (settings.plainPrompts) api.registerTextTransforms({ input: PLAIN_PROMPTS });
  },
};

export { claasFeedback as default };
