const SECRET_NAME = /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL|DATABASE_URL|AUTH/i;

/** In a line for a shell. */
const SECRET_IN_TEXT = /((?:--?[\w-]*|\b\w*)(?:key|token|secret|password)\w*[ =])\S+/gi;

/** Values that must not be shown are replaced, in variables and in arguments such as `--api-key x`. */
export function maskVariables(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, SECRET_NAME.test(name) ? '****' : withoutPassword(value)]),
  );
}

export function maskCommand(command: readonly string[]): string[] {
  return command.map((word, index) => {
    const previous = command[index - 1] ?? '';
    if (/^--?[\w-]+$/.test(previous) && SECRET_NAME.test(previous)) return '****';
    const [, name, separator] = /^(--?[\w-]+|[A-Za-z_]\w*)(=)/.exec(word) ?? [];
    if (name !== undefined && SECRET_NAME.test(name)) return `${name}${separator ?? ''}****`;
    return withoutPassword(word.replace(SECRET_IN_TEXT, '$1****'));
  });
}

function withoutPassword(text: string): string {
  return text.replace(/(\w+:\/\/[^\s:/@]*):[^\s@/]+@/g, '$1:****@');
}
