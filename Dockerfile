# The gateway alone: slim, not root, nothing written outside /var/lib/sovgate.
#   docker build -t sovgate .
#   docker run --read-only --tmpfs /tmp -v sovgate-state:/var/lib/sovgate -e SOVGATE_KEYS_PASSPHRASE \
#     -v ./gateway.yaml:/etc/sovgate/gateway.yaml:ro -v ./policies:/etc/sovgate/policies:ro -p 8080:8080 sovgate
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/sovgate \
    && /opt/sovgate/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY docs/checks docs/checks
RUN /opt/sovgate/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN groupadd --gid 10001 sovgate \
    && useradd --uid 10001 --gid sovgate --no-create-home --shell /usr/sbin/nologin sovgate \
    && install -d -o sovgate -g sovgate -m 0700 /var/lib/sovgate
COPY --from=build /opt/sovgate /opt/sovgate
ENV PATH=/opt/sovgate/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /etc/sovgate
VOLUME /var/lib/sovgate
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8081/readyz', timeout=2)"]
ENTRYPOINT ["sovgate"]
CMD ["serve", "-c", "/etc/sovgate/gateway.yaml"]
