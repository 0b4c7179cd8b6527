import { concat, keep, reshape, split, tidy, tile } from '@tensorflow/tfjs-core';
import type { Tensor3D } from '@tensorflow/tfjs-core';
import { LORA_MODULE_PATHS, moduleShape } from '../adapter-files/lora-module.js';
import type { LoraModuleName } from '../adapter-files/lora-module.js';
import type { ModelConfig } from '../config/model-config.js';
import { LINEAR_GROUPS } from './layer-pass.js';
import type { DecoderLayer, HeadNorm, LinearGroupName } from './layer-pass.js';
import type { LinearGroup } from './linear-group.js';
import type { WeightLoader } from './weight-loader.js';

const GROUP_MODULES: Readonly<Record<LinearGroupName, readonly LoraModuleName[]>> = {
  qkv: ['q_proj', 'k_proj', 'v_proj'],
  o: ['o_proj'],
  gateUp: ['gate_proj', 'up_proj'],
  down: ['down_proj'],
};

/** Reads the weights of one decoder layer. @throws ModelDirectoryError */
export async function loadDecoderLayer(
  loader: WeightLoader,
  config: ModelConfig,
  index: number,
): Promise<DecoderLayer> {
  const prefix = `model.layers.${index}`;
  const group = (name: LinearGroupName, hasBias: boolean) =>
    loadGroup(loader, config, prefix, GROUP_MODULES[name], hasBias);
  const inputNorm = await loader.vector([`${prefix}.input_layernorm.weight`], [config.hiddenSize]);
  const qkv = await group('qkv', config.queryKeyValueBias);
  const headNorm = config.queryKeyNorm ? await loadHeadNorm(loader, config, prefix) : null;
  const o = await group('o', config.outputBias);
  const postAttentionNorm = await loader.vector([`${prefix}.post_attention_layernorm.weight`], [config.hiddenSize]);
  const gateUp = await group('gateUp', config.mlpBias);
  const down = await group('down', config.mlpBias);
  return { inputNorm, groups: { qkv, o, gateUp, down }, headNorm, postAttentionNorm };
}

export function disposeDecoderLayer(layer: DecoderLayer): void {
  for (const name of LINEAR_GROUPS) {
    layer.groups[name].matrix.dispose();
    layer.groups[name].bias?.dispose();
  }
  layer.inputNorm.dispose();
  layer.postAttentionNorm.dispose();
  layer.headNorm?.weight.dispose();
}

async function loadGroup(
  loader: WeightLoader,
  config: ModelConfig,
  prefix: string,
  modules: readonly LoraModuleName[],
  hasBias: boolean,
): Promise<LinearGroup> {
  const path = (module: LoraModuleName) => `${prefix}.${LORA_MODULE_PATHS[module]}`;
  const shapes = modules.map((module) => ({ module, shape: moduleShape(config, module) }));
  const matrix = await loader.matrix(shapes.map(({ module, shape }) => ({ name: `${path(module)}.weight`, shape })));
  const bias = hasBias
    ? await loader.row(
        modules.map((module) => `${path(module)}.bias`),
        shapes.map(({ shape }) => shape[0]),
      )
    : null;
  return { matrix, bias, modules: shapes.map(({ module, shape }) => ({ module, rows: shape[0] })) };
}

async function loadHeadNorm(loader: WeightLoader, config: ModelConfig, prefix: string): Promise<HeadNorm> {
  const { attentionHeads: H, keyValueHeads: G, headDim: D } = config;
  const norm = `${prefix}.self_attn`;
  const norms = await loader.vector([`${norm}.q_norm.weight`, `${norm}.k_norm.weight`], [D, D]);
  const weight = tidy(() => {
    const [q, k] = split(reshape(norms, [2, 1, D]), 2) as [Tensor3D, Tensor3D];
    return keep<Tensor3D>(concat([tile(q, [H, 1, 1]), tile(k, [G, 1, 1])], 0));
  });
  norms.dispose();
  return { weight: loader.own(weight) };
}
