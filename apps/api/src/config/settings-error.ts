export interface SettingProblem {
  readonly name: string;
  readonly message: string;
}

/** The service can't start with these settings; the message names every problem. */
export class SettingsError extends Error {
  constructor(readonly problems: readonly SettingProblem[]) {
    const lines = problems.map(({ name, message }) => `  ${name}: ${message}`);
    const title = problems.length === 1 ? 'One setting is wrong' : `${problems.length} settings are wrong`;
    super(
      `${title}:\n${lines.join('\n')}\nSettings come from the environment and from .env; docs/settings.md lists all of them.`,
    );
    this.name = 'SettingsError';
  }
}
