/**
 * Ends with 0 when the service of this container says at /readyz that it can take requests, else with 1 and the reason.
 *
 * Usage: node ready.mjs VARIABLE   the environment variable that holds the service's port
 */
const variable = process.argv[2];
const port = process.env[variable];
try {
  if (!port) throw new Error(`${variable ?? 'VARIABLE'} must hold the port of the service`);
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(8000) });
  if (!response.ok) throw new Error(`/readyz answers ${response.status}: ${await response.text()}`);
} catch (error) {
  console.error(error instanceof Error ? (error.cause?.message ?? error.message) : String(error));
  process.exit(1);
}
