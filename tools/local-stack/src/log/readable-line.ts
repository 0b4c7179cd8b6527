const NOT_SHOWN = ['level', 'time', 'message', 'request_id'];

/** A line of JSON as the API logs it, for people; any other line as it is. */
export function readableLine(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    if (typeof entry['message'] !== 'string') return line;
    const level =
      typeof entry['level'] === 'string' && entry['level'] !== 'info' ? `${entry['level'].toUpperCase()} ` : '';
    const facts = Object.entries(entry)
      .filter(([key]) => !NOT_SHOWN.includes(key))
      .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    return [`${level}${entry['message']}`, ...facts].join(' ');
  } catch {
    return line;
  }
}
