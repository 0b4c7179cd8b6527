import { tmpdir } from 'node:os';
import { readSettings, type SettingsReading } from '../read-settings.js';
import { SettingsError } from '../settings-error.js';

/** Settings as the environment would have them. */
export function readVariables(variables: Readonly<Record<string, string>>): SettingsReading {
  return readSettings(variables, tmpdir());
}

/** What is wrong with these variables, each by its name; empty when nothing is. */
export function problemsOf(variables: Readonly<Record<string, string>>): readonly string[] {
  try {
    readVariables(variables);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map(({ name, message }) => `${name} ${message}`);
    throw error;
  }
  return [];
}
