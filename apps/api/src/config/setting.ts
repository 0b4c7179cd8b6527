import 'reflect-metadata';

/** How the text of a variable becomes a value. */
export type SettingKind = 'text' | 'integer' | 'number' | 'list';

export interface SettingDescription {
  readonly kind: SettingKind;
  /** The value when the variable is missing or empty; null means "none". */
  readonly default: string | number | readonly string[] | null;
  /** What is accepted, as it completes "expected …". */
  readonly expected: string;
  readonly description: string;
  /** Never printed. */
  readonly secret?: boolean;
}

const described = new Map<string, SettingDescription>();

/** Declares a property of the environment's schema: its name is the variable's name. */
export function Setting(description: SettingDescription): PropertyDecorator {
  return (_target, property) => {
    described.set(String(property), description);
  };
}

/** Every setting in the order of its declaration. */
export function settingDescriptions(): ReadonlyMap<string, SettingDescription> {
  return described;
}
