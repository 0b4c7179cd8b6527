# syntax=docker/dockerfile:1
#
# CLaaS on a CPU, in two images:
#
#   docker build -f docker/claas.Dockerfile --target api     -t claas-api     .   # the API, which starts its trainer itself
#   docker build -f docker/claas.Dockerfile --target trainer -t claas-trainer .   # the trainer alone, on stdin and stdout
#
# --build-arg NATIVE=no leaves TensorFlow's library out: 0.8 GB less, and steps on WebAssembly, several times slower.

ARG NODE_IMAGE=node:22.21.1-bookworm-slim

# ---------------------------------------------------------------------------------------------------------------- build
# hadolint ignore=DL3006
FROM ${NODE_IMAGE} AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ python3 python3-pip python3-venv \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY . .
RUN npm ci --no-audit --no-fund \
 && node node_modules/typescript/bin/tsc -b apps/api apps/trainer tools/native-runtime

# The native library is looked for where it was made; --strict: an image without it is made only when it is asked for.
ENV CLAAS_CACHE_DIR=/opt/claas-cache
ARG NATIVE=yes
RUN mkdir -p /opt/claas-cache \
 && if [ "${NATIVE}" = yes ]; then node tools/native-runtime/dist/main.js --strict; fi

RUN node docker/assemble.mjs /opt/trainer @claas/trainer \
 && node docker/assemble.mjs /opt/api @claas/api @claas/trainer

# -------------------------------------------------------------------------------------------------------------- trainer
# hadolint ignore=DL3006
FROM ${NODE_IMAGE} AS trainer
RUN useradd --system --create-home --uid 10001 claas \
 && install -d -o claas -g claas /models

COPY --from=build /opt/claas-cache /opt/claas-cache
COPY --from=build /opt/trainer /opt/claas
COPY docker/health /opt/claas/health

ENV CLAAS_CACHE_DIR=/opt/claas-cache \
    HF_HOME=/models \
    NODE_ENV=production \
    TF_CPP_MIN_LOG_LEVEL=2
WORKDIR /opt/claas
USER 10001
HEALTHCHECK --interval=10m --timeout=60s --start-period=30s CMD ["node", "health/trainer.mjs"]
ENTRYPOINT ["node", "apps/trainer/dist/main.js"]

# ------------------------------------------------------------------------------------------------------------------ api
# hadolint ignore=DL3006
FROM ${NODE_IMAGE} AS api
RUN useradd --system --create-home --uid 10001 claas \
 && install -d -o claas -g claas /data /loras /models

COPY --from=build /opt/claas-cache /opt/claas-cache
COPY --from=build /opt/api /opt/claas
COPY docker/health /opt/claas/health

# Inside a container every address is the container's own; who reaches it is decided where its port is published.
ENV CLAAS_API_HOST=0.0.0.0 \
    CLAAS_API_PORT=8080 \
    CLAAS_CACHE_DIR=/opt/claas-cache \
    CLAAS_DATA_DIR=/data \
    CLAAS_LORA_ROOT=/loras \
    FEEDBACK_LOG_DIR=/data/feedback_logs \
    HF_HOME=/models \
    NODE_ENV=production \
    TF_CPP_MIN_LOG_LEVEL=2
WORKDIR /data
VOLUME ["/data", "/loras", "/models"]
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s CMD ["node", "/opt/claas/health/ready.mjs", "CLAAS_API_PORT"]
ENTRYPOINT ["node", "/opt/claas/apps/api/dist/main.js"]
