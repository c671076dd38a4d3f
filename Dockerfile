# Read docs/decisions/0005-container.md before pinning: BASE takes a digest (--build-arg BASE=python:3.12-slim-bookworm@sha256:…).
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN apt-get update -q && apt-get install -y -q --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/build && /opt/build/bin/pip install -q --require-hashes -r requirements-build.lock \
 && python -m venv /opt/detainer-watch && /opt/detainer-watch/bin/pip install -q --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE config.yaml ./
COPY db/reference db/reference
COPY scraper scraper
RUN /opt/build/bin/pip wheel -q --no-deps --no-build-isolation -w /wheel . \
 && /opt/detainer-watch/bin/pip install -q --no-deps /wheel/*.whl \
 && mkdir /etc/detainer-watch \
 && /opt/detainer-watch/bin/python -c "from scraper import config; print(config.starter(storage='/data', host='0.0.0.0'), end='')" \
    > /etc/detainer-watch/config.yaml

FROM ${BASE}
LABEL org.opencontainers.image.title="Detainer Watch" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /usr/bin/tini-static /usr/bin/tini
COPY --from=build /opt/detainer-watch /opt/detainer-watch
COPY --from=build /etc/detainer-watch /etc/detainer-watch
RUN mkdir /data && chown 10001:10001 /data
ENV PATH=/opt/detainer-watch/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 TMPDIR=/data HOME=/data \
    DETAINER_WATCH_CONFIG=/etc/detainer-watch/config.yaml
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=15s --start-period=60s --retries=3 \
  CMD ["detainer-watch", "health", "--config", "/etc/detainer-watch/config.yaml"]
ENTRYPOINT ["/usr/bin/tini", "--", "detainer-watch"]
CMD ["up", "--config", "/etc/detainer-watch/config.yaml"]
