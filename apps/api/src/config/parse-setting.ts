import type { SettingDescription } from './setting.js';

const INTEGER = /^[+-]?\d+$/;
const TRUE = ['1', 'true', 'yes', 'on'];
const FALSE = ['0', 'false', 'no', 'off'];
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * The value of a variable's text. Missing or blank is the default.
 * Text that is no value of its kind is returned as it is, for validation to refuse.
 */
export function parseSetting(text: string | undefined, description: SettingDescription): unknown {
  const trimmed = text?.trim() ?? '';
  if (trimmed === '') return description.default;
  switch (description.kind) {
    case 'text':
      return trimmed;
    case 'integer':
      return INTEGER.test(trimmed) ? Number(trimmed) : trimmed;
    case 'number':
      return DECIMAL.test(trimmed) ? Number(trimmed) : trimmed;
    case 'flag':
      if (TRUE.includes(trimmed.toLowerCase())) return true;
      return FALSE.includes(trimmed.toLowerCase()) ? false : trimmed;
    case 'list':
      return trimmed
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
  }
}
