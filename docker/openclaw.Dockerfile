# syntax=docker/dockerfile:1
#
# OpenClaw's gateway with the plugin integrations/openclaw. The init step is the same image with another entry point:
#
#   docker build -f docker/openclaw.Dockerfile -t claas-openclaw .

# OpenClaw 2026.9.6 needs Node 24.16 or newer.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# ---------------------------------------------------------------------------------------------------------------- build
# hadolint ignore=DL3006
FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY . .
RUN npm ci --no-audit --no-fund --workspace=@claas/openclaw --include-workspace-root \
 && node node_modules/typescript/bin/tsc -b integrations/openclaw

# -------------------------------------------------------------------------------------------------------------- gateway
# hadolint ignore=DL3006
FROM ${NODE_IMAGE} AS gateway
ARG OPENCLAW_VERSION=2026.9.6
RUN npm install --global --ignore-scripts --no-audit --no-fund "openclaw@${OPENCLAW_VERSION}" \
 && npm cache clean --force \
 && install -d -o node -g node /home/node/.openclaw

COPY --from=build /src/integrations/openclaw/package.json /src/integrations/openclaw/openclaw.plugin.json /opt/claas-feedback/
COPY --from=build /src/integrations/openclaw/dist /opt/claas-feedback/dist
COPY docker/health/ready.mjs /opt/claas-feedback/ready.mjs

ENV NODE_ENV=production \
    OPENCLAW_PORT=18789
WORKDIR /home/node
VOLUME ["/home/node/.openclaw"]
USER 1000
EXPOSE 18789
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s CMD ["node", "/opt/claas-feedback/ready.mjs", "OPENCLAW_PORT"]
ENTRYPOINT ["openclaw", "gateway"]
