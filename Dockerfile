# What runs in a cluster: the member (the default), the operator and the command line.
#   member    node dist/node/src/main.js
#   operator  node dist/operator/src/main.js
#   CLI       node dist/cli/src/main.js
ARG BASE=docker.io/library/node:26-bookworm-slim

FROM ${BASE} AS build
WORKDIR /opt/synod
COPY package.json package-lock.json .npmrc ./
COPY contract/package.json contract/
COPY machines/package.json machines/
COPY link/package.json link/
COPY host/package.json host/
COPY node/package.json node/
COPY client/package.json client/
COPY cli/package.json cli/
COPY operator/package.json operator/
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts && rm -rf node_modules/@synod node_modules/.bin/synod node_modules/.bin/kubectl-synod

FROM ${BASE}
WORKDIR /opt/synod
ENV NODE_ENV=production
COPY --from=build /opt/synod/package.json /opt/synod/LICENSE ./
COPY --from=build /opt/synod/node_modules node_modules
COPY --from=build /opt/synod/dist dist
USER 65532:65532
ENTRYPOINT ["node"]
CMD ["dist/node/src/main.js"]
