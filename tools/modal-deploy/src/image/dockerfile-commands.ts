import { PROGRAMS } from './program-files.js';

/** As docker/trainer-gpu.Dockerfile has them; TensorFlow's version is the one that tools/native-runtime pins. */
export const BASE_IMAGE = 'nvidia/cuda:12.9.1-base-ubuntu24.04';
const NODE_IMAGE = 'node:22.21.1-bookworm-slim';
const TENSORFLOW = 'tensorflow[and-cuda]==2.21.0';
/** Of one argument of a shell that Linux starts (128 KiB), less than half. */
const PIECE_CHARACTERS = 60_000;

/** Modal can't copy local files into an image, so the program travels in the commands, in pieces. */
export function programCommands(archive: Uint8Array): string[] {
  const text = Buffer.from(archive).toString('base64');
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += PIECE_CHARACTERS) pieces.push(text.slice(at, at + PIECE_CHARACTERS));
  return [
    'RUN mkdir -p /opt/claas',
    ...pieces.map((piece, index) => `RUN echo ${piece} ${index === 0 ? '>' : '>>'} /opt/claas.base64`),
    'RUN base64 -d /opt/claas.base64 | tar -xzf - -C /opt/claas && rm /opt/claas.base64',
  ];
}

/** Layers from what changes least to what changes most, so that Modal builds only what is new. */
export function imageLayers(archive: Uint8Array): string[][] {
  const workspaces = PROGRAMS.map((name) => `--workspace=${name}`).join(' ');
  return [
    [
      'RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates g++ python3 python3-venv && rm -rf /var/lib/apt/lists/*',
      `COPY --from=${NODE_IMAGE} /usr/local/bin/node /usr/local/bin/node`,
      `COPY --from=${NODE_IMAGE} /usr/local/include/node /usr/local/include/node`,
      `COPY --from=${NODE_IMAGE} /usr/local/lib/node_modules /usr/local/lib/node_modules`,
      'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm',
    ],
    [
      `RUN python3 -m venv /opt/tensorflow && /opt/tensorflow/bin/pip install --no-cache-dir "${TENSORFLOW}" && ln -s /opt/tensorflow/lib/python3.*/site-packages /opt/tensorflow/site-packages`,
    ],
    [
      ...programCommands(archive),
      'WORKDIR /opt/claas',
      `RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund ${workspaces}`,
      'ENV CLAAS_CACHE_DIR=/opt/claas-cache',
      'RUN CLAAS_LIBTENSORFLOW=/opt/tensorflow/site-packages node tools/native-runtime/dist/main.js --strict',
      'ENV CLAAS_TENSOR_BACKEND=tensorflow NODE_ENV=production NVIDIA_DRIVER_CAPABILITIES=compute,utility TF_CPP_MIN_LOG_LEVEL=2 TF_FORCE_GPU_ALLOW_GROWTH=true',
    ],
  ];
}
