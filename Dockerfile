# maglevd in a container: no shell, no package manager, one unprivileged user.
#   docker build -t maglevd .
#   docker run --cap-add NET_RAW -v /etc/vpp-maglev:/etc/vpp-maglev maglevd
# The way to VPP, to namespaces and to the dashboard stands in docs/operations-guide.md.

# --- build: the repository's own recipes, as on any machine
FROM node:26-bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends binutils gcc git libc6-dev make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# `--ignore-scripts`: nothing is built before it is asked for, and no dependency needs its own script.
RUN npm ci --ignore-scripts
RUN architecture=$(dpkg --print-architecture) \
 && PATH=/src/node_modules/.bin:$PATH node debian/scripts/stage.ts "$architecture" /image

# --- image: what the programs are linked to, taken from the Debian that the image is of
FROM debian:bookworm-slim AS image
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates gcc libatomic1 libc6-dev libcap2-bin libstdc++6 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /image /image
COPY debian/container /container
RUN /container/image.sh /image

FROM scratch
LABEL org.opencontainers.image.title="vpp-maglev" \
      org.opencontainers.image.description="Health checker and control plane for VPP's Maglev load balancer" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=image /image /
COPY --from=image --chown=65532:65532 /image/var/lib/vpp-maglev /var/lib/vpp-maglev
USER 65532:65532
ENV NODE_ENV=production MALLOC_ARENA_MAX=1 SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
EXPOSE 9090 9091
VOLUME ["/var/lib/vpp-maglev"]
STOPSIGNAL SIGTERM
# `show version` answers only when the daemon does. Another --grpc-addr: name it in MAGLEV_SERVER.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["/usr/lib/vpp-maglev/node", "/usr/lib/vpp-maglev/maglevc/maglevc.cjs", "show", "version"]
ENTRYPOINT ["/usr/lib/vpp-maglev/launch", "/usr/lib/vpp-maglev/node", "--max-semi-space-size=4", "/usr/lib/vpp-maglev/maglevd.mjs"]
