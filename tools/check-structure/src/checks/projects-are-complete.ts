import type { StructureCheck } from '../check.js';

/** An untagged project escapes every boundary rule, so it is an error of its own. */
export const projectsAreComplete: StructureCheck = {
  title: 'every project has its tags, its row of allowed arrows, and build, lint, typecheck and test',
  run: ({ projects, allowedArrows }) =>
    Promise.resolve(
      projects.flatMap(({ name, folder, tags, scripts }) => [
        ...(tags.some((tag) => tag.startsWith('type:')) ? [] : [`${folder}: package.json has no nx tag "type:…"`]),
        ...(tags.includes(`scope:${name}`) ? [] : [`${folder}: package.json has no nx tag "scope:${name}"`]),
        ...(name in allowedArrows ? [] : [`${folder}: eslint.structure.js has no row for ${name}`]),
        ...['build', 'lint', 'typecheck', 'test']
          .filter((target) => !(target in scripts))
          .map((target) => `${folder}: package.json has no script "${target}"`),
      ]),
    ),
};
