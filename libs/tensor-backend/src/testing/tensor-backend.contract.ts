import { beforeAll, describe } from 'vitest';
import type { TensorBackend } from '../tensor-backend.js';
import { attentionContract } from './attention.contract.js';
import { compiledContract } from './compiled.contract.js';
import type { ContractSubject } from './contract-subject.js';
import { frozenMatrixContract } from './frozen-matrix.contract.js';
import { ownershipContract } from './ownership.contract.js';
import { productsContract } from './products.contract.js';
import { rowOperationsContract } from './row-operations.contract.js';

export interface TensorBackendContractOptions {
  readonly name: string;
  readonly create: () => Promise<TensorBackend>;
  /** See ContractSubject; 2e-6 is what float32 with another order of summation needs at these sizes. */
  readonly tolerance?: number;
  readonly shortTolerance?: number;
}

/** Holds a backend to the contract: every operation against a slow, plain float64 oracle, every backward pass against its finite differences. */
export function tensorBackendContract(options: TensorBackendContractOptions): void {
  const { name, create, tolerance = 2e-6, shortTolerance = tolerance } = options;
  describe(`the tensor backend ${name}`, () => {
    let backend: TensorBackend;
    beforeAll(async () => {
      backend = await create();
    });
    const subject = (): ContractSubject => ({ backend, tolerance, shortTolerance });
    frozenMatrixContract(subject);
    productsContract(subject);
    rowOperationsContract(subject);
    attentionContract(subject);
    compiledContract(subject);
    ownershipContract(subject);
  });
}

/** Says in the output, not to be overlooked, that a backend was not held to anything here. */
export function skippedTensorBackend(name: string, reason: string): void {
  console.warn(`\n  ⚠ SKIPPED: the tensor backend ${name} was not tested on this machine: ${reason}\n`);
  describe.skip(`the tensor backend ${name} (${reason})`, () => undefined);
}
