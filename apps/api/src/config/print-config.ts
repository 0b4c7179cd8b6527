import { settingDescriptions } from './setting.js';
import type { SettingsReading } from './read-settings.js';

/** The effective settings, a line each, as they could stand in a `.env`; secrets masked, paths resolved. */
export function printableConfig({ settings, environment }: SettingsReading): string {
  const effective: Readonly<Record<string, unknown>> = {
    ...Object.fromEntries(Object.entries(environment)),
    CLAAS_DATA_DIR: settings.dataDirectory,
    CLAAS_LORA_ROOT: settings.loraRoot,
    CLAAS_ALLOWED_INIT_BASE_MODELS: settings.baseModel.allowed,
    FEEDBACK_LOG_DIR: settings.feedback.logDirectory,
  };
  return [...settingDescriptions()]
    .map(([name, { secret }]) => `${name}=${secret === true ? masked(effective[name]) : printed(effective[name])}`)
    .join('\n');
}

function masked(value: unknown): string {
  return value === null ? '' : '********';
}

function printed(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.join(',');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
