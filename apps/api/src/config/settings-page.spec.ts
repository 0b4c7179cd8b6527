import { describe, expect, it } from 'vitest';
import { readMarkdownTable } from '../testing/markdown-table.js';
import './environment.js';
import { settingDescriptions, type SettingDescription } from './setting.js';

const shownDefault = ({ default: value }: SettingDescription): string => (value === null ? '' : `\`${String(value)}\``);

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
