import { createProjectGraphAsync } from '@nx/devkit';
import type { StructureCheck } from '../check.js';

const bare = (name: string): string => name.replace('@claas/', '');

/** `@scope/*` holds for the node of each package of that scope. */
const isOf = (pattern: string, target: string): boolean => target.startsWith(`npm:${pattern.replace('*', '')}`);

/** What `nx graph` draws and what the rules allow are the same: no arrow too many, no permission that nobody uses. */
export const graphHasTheAllowedArrows: StructureCheck = {
  title: 'nx graph shows the allowed arrows and no other',
  async run({ allowedArrows, restrictedPackages }) {
    const graph = await createProjectGraphAsync({ exitOnError: false });
    const drawn = Object.values(graph.dependencies)
      .flat()
      .filter(({ target }) => target in graph.nodes)
      .map(({ source, target }) => `${bare(source)} → ${bare(target)}`);
    const allowed = Object.entries(allowedArrows).flatMap(([source, targets]) =>
      targets.map((target) => `${source} → ${target}`),
    );
    const loaded = Object.values(graph.dependencies).flat();
    const unused = Object.entries(restrictedPackages).flatMap(([pattern, sources]) =>
      sources
        .filter((name) => !loaded.some(({ source, target }) => bare(source) === name && isOf(pattern, target)))
        .map((name) => `${name} → ${pattern}: allowed, but nothing uses it`),
    );
    return [
      ...[...new Set(drawn)].filter((arrow) => !allowed.includes(arrow)).map((arrow) => `${arrow}: drawn, not allowed`),
      ...allowed.filter((arrow) => !drawn.includes(arrow)).map((arrow) => `${arrow}: allowed, but nothing uses it`),
      ...unused,
    ];
  },
};
