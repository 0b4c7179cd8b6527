import { describe, expect, it } from 'vitest';
import { readMarkdownTable } from '../testing/markdown-table.js';
import './environment-sections.js';
import { settingDescriptions, type SettingDescription } from './setting.js';

const shownDefault = ({ default: value }: SettingDescription): string => {
  if (value === null) return '';
  const shown = typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
  return `\`${shown}\``;
};

describe('docs/settings.md', () => {
  it('lists every setting with its default, what is expected and what it does', () => {
    const rows = [...settingDescriptions()].map(([name, setting]) => [
      `\`${name}\``,
      shownDefault(setting),
      setting.expected,
      setting.description + (setting.secret === true ? ' Secret: never printed.' : ''),
    ]);
    expect(readMarkdownTable('settings.md')).toEqual(rows);
  });
});
