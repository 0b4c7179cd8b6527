import type { StructureCheck } from '../check.js';
import { backendsRunTheirContract } from './backends-run-their-contract.js';
import { foldersNameConcepts } from './folders-name-concepts.js';
import { graphHasTheAllowedArrows } from './graph-has-the-allowed-arrows.js';
import { lockfileIsComplete } from './lockfile-is-complete.js';
import { packagesExistOnce } from './packages-exist-once.js';
import { projectsAreComplete } from './projects-are-complete.js';
import { rulesCatchViolations } from './rules-catch-violations.js';

export const allChecks: readonly StructureCheck[] = [
  projectsAreComplete,
  backendsRunTheirContract,
  graphHasTheAllowedArrows,
  rulesCatchViolations,
  packagesExistOnce,
  lockfileIsComplete,
  foldersNameConcepts,
];
