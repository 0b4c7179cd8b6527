# syntax=docker/dockerfile:1
#
# CLaaS on an NVIDIA GPU: TensorFlow's CUDA build, NVIDIA's libraries from its own wheels, and the native addon compiled
# against them inside the image. Two images:
#
#   docker build -f docker/trainer-gpu.Dockerfile              -t claas-trainer-gpu .   # speaks the trainer protocol
#   docker build -f docker/trainer-gpu.Dockerfile --target api -t claas-api-gpu     .   # the API, with that trainer in it
#   docker run --rm -i --gpus all claas-trainer-gpu
#
# NOT BUILT by its authors: their machine has neither Docker, nor Docker's registry, nor a GPU. hadolint has no findings.
# docker/assemble.mjs and the start of what it assembles were run outside a container on Debian 12 with Node 20 and the CPU
# wheel; what depends on the base images and on CUDA was not.
# The driver is the host's (NVIDIA Container Toolkit); TensorFlow 2.21 is built for CUDA 12, driver 525 or newer.

# Only CUDA's runtime library and what the container toolkit looks for: the large libraries come from NVIDIA's wheels, in
# the versions that TensorFlow asks for.
ARG CUDA_IMAGE=nvidia/cuda:12.9.1-base-ubuntu24.04
ARG NODE_IMAGE=node:22.21.1-bookworm-slim

# hadolint ignore=DL3006
FROM ${NODE_IMAGE} AS node

# ---------------------------------------------------------------------------------------------------------------- build
# hadolint ignore=DL3006
FROM ${CUDA_IMAGE} AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*

# Node with npm and its headers, which the addon is compiled with.
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/include/node /usr/local/include/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm

# The version is the one that tools/native-runtime pins (TENSORFLOW_VERSION).
ARG TENSORFLOW_VERSION=2.21.0
RUN python3 -m venv /opt/tensorflow \
 && /opt/tensorflow/bin/pip install --no-cache-dir "tensorflow[and-cuda]==${TENSORFLOW_VERSION}" \
 && ln -s /opt/tensorflow/lib/python3.*/site-packages /opt/tensorflow/site-packages

WORKDIR /src
COPY . .
RUN npm ci --no-audit --no-fund \
 && node node_modules/typescript/bin/tsc -b apps/api apps/trainer tools/native-runtime

# Links to the libraries of /opt/tensorflow; --strict: an image without the native library is not wanted.
ENV CLAAS_CACHE_DIR=/opt/claas-cache
RUN CLAAS_LIBTENSORFLOW=/opt/tensorflow/site-packages node tools/native-runtime/dist/main.js --strict \
 && node docker/assemble.mjs /opt/trainer @claas/trainer \
 && node docker/assemble.mjs /opt/api @claas/api @claas/trainer

# ----------------------------------------------------------------------------------------------------------------- base
# hadolint ignore=DL3006
FROM ${CUDA_IMAGE} AS base

# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends libstdc++6 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --uid 10001 claas \
 && install -d -o claas -g claas /data /loras /models

COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=build /opt/tensorflow /opt/tensorflow
COPY --from=build /opt/claas-cache /opt/claas-cache

# Memory of the GPU is taken as it is needed and given back when the trainer ends. `tensorflow`, not `auto`: on a machine
# where the native library does not work, the trainer is to say so instead of running slowly.
ENV CLAAS_CACHE_DIR=/opt/claas-cache \
    CLAAS_TENSOR_BACKEND=tensorflow \
    HF_HOME=/models \
    NODE_ENV=production \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    TF_CPP_MIN_LOG_LEVEL=2 \
    TF_FORCE_GPU_ALLOW_GROWTH=true

# ------------------------------------------------------------------------------------------------------------------ api
FROM base AS api
COPY --from=build /opt/api /opt/claas
COPY docker/health /opt/claas/health

# Inside a container every address is the container's own; who reaches it is decided where its port is published.
ENV CLAAS_API_HOST=0.0.0.0 \
    CLAAS_API_PORT=8080 \
    CLAAS_DATA_DIR=/data \
    CLAAS_LORA_ROOT=/loras \
    FEEDBACK_LOG_DIR=/data/feedback_logs
WORKDIR /data
VOLUME ["/data", "/loras", "/models"]
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=10s --start-period=300s CMD ["node", "/opt/claas/health/ready.mjs", "CLAAS_API_PORT"]
ENTRYPOINT ["node", "/opt/claas/apps/api/dist/main.js"]

# -------------------------------------------------------------------------------------------------------------- trainer
FROM base AS trainer
COPY --from=build /opt/trainer /opt/claas
COPY docker/health /opt/claas/health
WORKDIR /opt/claas
USER 10001
HEALTHCHECK --interval=10m --timeout=60s --start-period=60s CMD ["node", "health/trainer.mjs"]
ENTRYPOINT ["node", "apps/trainer/dist/main.js"]
