# One image for every stage and for the demo's stand-ins. Node runs the TypeScript as it stands: nothing is built.
FROM node:24-slim AS dependencies
WORKDIR /relay
RUN npm install --global pnpm@12
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY packages/shared/package.json packages/shared/
COPY packages/ingest/package.json packages/ingest/
COPY packages/transform/package.json packages/transform/
COPY packages/deliver/package.json packages/deliver/
COPY packages/sim/package.json packages/sim/
COPY packages/cli/package.json packages/cli/
RUN pnpm install --prod --frozen-lockfile

FROM node:24-slim
# What these are worth: docs/adr/0024-memory-of-a-process.md
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=4 NODE_COMPILE_CACHE=/relay/.compiled
ENV MALLOC_ARENA_MAX=1 GLIBC_TUNABLES=glibc.malloc.hugetlb=1
WORKDIR /relay
COPY --from=dependencies /relay ./
COPY packages packages
# A new volume mounted here takes over the owner.
RUN mkdir /currents .compiled && chown node:node /currents .compiled
USER node
# Fills the cache, which is of this user alone.
RUN node --eval "for (const part of ['cli/src/commands/stage', 'cli/src/relay-process', 'ingest/src/main', 'transform/src/main', 'deliver/src/main']) import('./packages/' + part + '.ts')"
EXPOSE 9464
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "packages/cli/src/main.ts"]
CMD ["--help"]
