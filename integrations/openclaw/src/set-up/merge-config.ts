type Json = Readonly<Record<string, unknown>>;

/**
 * `wanted` over `existing`: what the owner or OpenClaw itself added elsewhere stays, ours is as it is wanted. Lists are
 * replaced as a whole.
 */
export function mergeConfig(existing: Json, wanted: Json): Json {
  const merged: Record<string, unknown> = { ...existing };
  for (const [name, value] of Object.entries(wanted)) {
    const before = merged[name];
    merged[name] = isObject(before) && isObject(value) ? mergeConfig(before, value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
