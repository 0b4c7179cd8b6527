import nx from '@nx/eslint-plugin';

/**
 * Which way things point (docs/architecture.md). A row says what a project may import of ours;
 * `tools/check-structure` tries a violation of each rule here and fails when one is not caught.
 */
export const allowedArrows = {
  contracts: [],
  'tensor-backend': [],
  'core-sdpo': ['tensor-backend'],
  'core-model': ['core-sdpo', 'tensor-backend'],
  training: ['core-model', 'core-sdpo', 'tensor-backend', 'contracts'],
  'trainer-client': ['contracts'],
  'engine-local': ['trainer-client', 'contracts'],
  'engine-modal': ['trainer-client', 'contracts'],
  'engine-tinker': ['training', 'core-model', 'contracts'],
  'adapter-files': ['contracts'],
  'storage-fs': ['adapter-files', 'contracts'],
  'storage-modal-volume': ['adapter-files', 'contracts'],
  'serving-embedded': ['contracts'],
  'vllm-control': ['contracts'],
  trainer: ['training', 'core-model', 'tensor-backend', 'contracts'],
  api: [
    'engine-local',
    'engine-modal',
    'engine-tinker',
    'storage-fs',
    'storage-modal-volume',
    'serving-embedded',
    'vllm-control',
    'contracts',
  ],
  'api-e2e': ['contracts'],
  openclaw: [],
  cli: [],
  bench: ['training', 'core-model', 'core-sdpo', 'tensor-backend'],
  'verify-golden': ['training', 'core-model', 'core-sdpo', 'tensor-backend'],
  demo: ['contracts'],
  'modal-deploy': ['engine-modal', 'contracts'],
  'native-runtime': ['tensor-backend'],
  'vllm-cpu': [],
  'relay-bench': ['contracts'],
  'tinker-double': ['engine-tinker', 'training', 'core-model', 'core-sdpo', 'tensor-backend', 'contracts'],
  'local-stack': ['tensor-backend', 'contracts'],
  'docker-check': [],
  'check-structure': [],
};

const scopeTag = (project) => `scope:${project}`;

/** Packages that only some projects may load: all tensor work is in the trainer process or in a tool. */
export const restrictedPackages = {
  '@nestjs/*': ['api'],
  '@tensorflow/*': ['tensor-backend', 'core-sdpo', 'core-model', 'training', 'verify-golden', 'bench', 'tinker-double'],
};

const arrows = Object.entries(allowedArrows).map(([project, targets]) => ({
  sourceTag: scopeTag(project),
  onlyDependOnLibsWithTags: [project, ...targets].map(scopeTag),
}));

const externals = Object.keys(allowedArrows).map((project) => ({
  sourceTag: scopeTag(project),
  bannedExternalImports: Object.entries(restrictedPackages)
    .filter(([, projects]) => !projects.includes(project))
    .map(([packages]) => packages),
}));

const environmentIsReadInOnePlace = {
  'no-restricted-syntax': [
    'error',
    {
      selector: "MemberExpression[object.name='process'][property.name='env']",
      message:
        'The environment is read in apps/api/src/config and by the mains of the other programs; pass settings in.',
    },
  ],
};

const noNode = (message, allowed = []) => ({
  'no-restricted-imports': ['error', { patterns: [{ regex: `^node:(?!(${allowed.join('|') || '$'})$)`, message }] }],
});

export const structureRules = [
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          banTransitiveDependencies: true,
          allow: [],
          depConstraints: [...arrows, ...externals],
        },
      ],
    },
  },
  {
    files: ['libs/core-sdpo/src/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/testing/**'],
    rules: noNode('core-sdpo is pure tensor math: it runs wherever tfjs-core runs.'),
  },
  {
    files: ['libs/contracts/src/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/testing/**'],
    rules: noNode('contracts holds types and errors; only the stream type comes from Node.', ['stream']),
  },
  {
    files: ['libs/**/*.ts', 'apps/api/src/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/testing/**', 'apps/api/src/config/**'],
    rules: environmentIsReadInOnePlace,
  },
];
