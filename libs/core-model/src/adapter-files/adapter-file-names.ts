/** PEFT's names of an adapter's two files, and ours of the optimizer's state beside them. */
export const ADAPTER_CONFIG_FILE = 'adapter_config.json';
export const ADAPTER_TENSORS_FILE = 'adapter_model.safetensors';
export const OPTIMIZER_STATE_FILE = 'optimizer.safetensors';
