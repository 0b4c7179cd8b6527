/** Ends with 0 when the API of this container can take a request, else with 1 and the reason. */
const port = process.env.CLAAS_API_PORT || '8080';
try {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(8000) });
  if (!response.ok) throw new Error(`/readyz answers ${response.status}: ${await response.text()}`);
} catch (error) {
  console.error(error instanceof Error ? (error.cause?.message ?? error.message) : String(error));
  process.exit(1);
}
