import type { FastifyInstance } from 'fastify';

/** Which methods each path takes, so that a wrong one can be told from a wrong path. */
export class RouteMethods {
  private readonly methods = new Map<string, Set<string>>();

  /** Listens to every route that is registered on `fastify` from now on. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      const known = this.methods.get(url) ?? new Set<string>();
      for (const name of [method].flat()) known.add(name.toUpperCase());
      this.methods.set(url, known);
    });
  }

  /** Methods that `path` takes, sorted; empty for a path that doesn't exist. */
  allowed(path: string): string[] {
    const found = [...this.methods].filter(([pattern]) => matches(pattern, path));
    return [...new Set(found.flatMap(([, methods]) => [...methods]))].sort();
  }
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const segments = path.replace(/(?<=.)\/$/, '').split('/');
  if (wanted.includes('*')) return false;
  return wanted.length === segments.length && wanted.every((name, i) => name.startsWith(':') || name === segments[i]);
}
