import 'reflect-metadata';

/** How the text of a variable becomes a value. */
export type SettingKind = 'text' | 'integer' | 'number' | 'flag' | 'list';

export interface SettingDescription {
  readonly kind: SettingKind;
  /** The value when the variable is missing or empty; null means "none". */
  readonly default: string | number | boolean | readonly string[] | null;
  /** What is accepted, as it completes "expected …". */
  readonly expected: string;
  readonly description: string;
  /** Never printed. */
  readonly secret?: boolean;
}

const described = new Map<string, SettingDescription>();
const sections = new Map<object, string[]>();

/** Declares a property of a section of the environment's schema: its name is the variable's name. */
export function Setting(description: SettingDescription): PropertyDecorator {
  return (section, property) => {
    const name = String(property);
    described.set(name, description);
    sections.set(section, [...(sections.get(section) ?? []), name]);
  };
}

/** Every setting in the order of its declaration. */
export function settingDescriptions(): ReadonlyMap<string, SettingDescription> {
  return described;
}

/** Names of the settings that a section declares. */
export function settingsOf(section: object): readonly string[] {
  return sections.get(section) ?? [];
}
