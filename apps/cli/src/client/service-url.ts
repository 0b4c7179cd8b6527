import { usageError } from '../errors/command-error.js';

export const DEFAULT_URL = 'http://127.0.0.1:8080';

/**
 * The address of a service as people write it: the scheme may be missing, and `/v1` at the end, which OpenAI clients
 * want, is taken off.
 *
 * @throws CommandError
 */
export function parseServiceUrl(text: string): string {
  const address = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw usageError(`--url ${text} is no address. Write it as http://host:port or https://host.`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '');
}
