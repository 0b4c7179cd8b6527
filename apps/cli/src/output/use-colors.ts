/**
 * Whether to colour: null leaves it to whether it is a terminal. https://no-color.org; FORCE_COLOR is the opposite.
 */
export function useColors(env: Readonly<Record<string, string | undefined>>, isWanted: boolean): boolean | null {
  if (!isWanted || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false;
  const force = env['FORCE_COLOR'] ?? '';
  return force !== '' && force !== '0' ? true : null;
}
