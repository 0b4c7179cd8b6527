import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { enableProdMode, getBackend, setBackend } from '@tensorflow/tfjs-core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

let initialization: Promise<void> | null = null;

/** Makes wasm the active tfjs backend, once per process; reads its binaries from the installed package, never from the network. */
export function initializeWasm(): Promise<void> {
  initialization ??= start();
  return initialization;
}

async function start(): Promise<void> {
  // Production mode keeps tfjs from advertising its other packages on stderr.
  enableProdMode();
  const packageMain = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(join(dirname(packageMain), '/'));
  const isActive = await setBackend('wasm');
  if (!isActive || getBackend() !== 'wasm') {
    throw new Error("The wasm backend of tfjs didn't start. Run `npm ci` to restore @tensorflow/tfjs-backend-wasm.");
  }
}
