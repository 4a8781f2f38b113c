# The conformance kit. Build from the top level of the repository: docker build -f Docker/Kit.Dockerfile -t parallel-conformance .
# BASE must have Python 3.11 or later and pip. It can be a locally imported image.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE}
COPY Tests/Kit /kit
RUN pip install --no-cache-dir /kit && useradd --create-home --uid 1000 kit
USER kit
WORKDIR /home/kit
ENTRYPOINT ["parallel-conformance"]
