import { packLayer } from '../lora/layer-factors.js';
import type { LayerFactors } from '../lora/layer-factors.js';
import type { LayerPass } from './layer-pass.js';

/** A pass through a layer without a cache, the adapter's weights as the adapter has them. */
export interface WholeLayerPass extends Omit<LayerPass, 'lora' | 'extend'> {
  readonly factors: LayerFactors | null;
}

/** A computation within one layer, as `TensorBackend.compiled`: `work` may depend on what it is given alone. */
export function compiledInLayer<I, O>(
  name: string,
  { backend, ...given }: WholeLayerPass,
  inputs: I,
  work: (inputs: I, pass: LayerPass, factors: LayerFactors | null) => O,
): O {
  return backend.compiled(name, { inputs, ...given }, ({ inputs: ownInputs, factors, ...pass }) => {
    const lora = factors && packLayer(backend, pass.layer, factors);
    return work(ownInputs, { ...pass, backend, lora, extend: null }, factors);
  });
}
