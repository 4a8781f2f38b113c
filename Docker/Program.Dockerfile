# syntax=docker/dockerfile:1
# A program of your own with the libraries it needs; here an example of this repository. Build from the top level:
#   docker build -f Docker/Program.Dockerfile -t wordcount .
# In a repository that depends on Martlet, only PRODUCT differs. BASE and RUNTIME are as in Dockerfile.
ARG BASE=swift:6.3-bookworm
ARG RUNTIME=debian:12-slim

FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends libzmq3-dev libsqlite3-dev pkg-config \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
ARG PRODUCT=MartletWordCount
# The executable looks for resource bundles in its own folder.
RUN swift build -c release --product "$PRODUCT" --static-swift-stdlib -Xlinker -s \
 && mkdir /out \
 && cp "$(swift build -c release --show-bin-path)/$PRODUCT" /out/program \
 && find "$(swift build -c release --show-bin-path)" -maxdepth 1 -name '*.resources' -exec cp -r {} /out/ \;

FROM ${RUNTIME}
# Anything here adds a Python, with which engines run Python code as well: --build-arg PYTHON=yes
ARG PYTHON=
RUN apt-get update \
 && apt-get install -y --no-install-recommends libzmq5 libsqlite3-0 ${PYTHON:+python3 python3-venv} \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && if [ -n "$PYTHON" ]; then \
      python3 -m venv /opt/python && /opt/python/bin/pip install --no-cache-dir "ipyparallel==9.2.*" numpy; \
    fi \
 && useradd --create-home --uid 1000 martlet \
 && install -d -o martlet -g martlet /home/martlet/.ipython
ENV VIRTUAL_ENV=/opt/python
COPY --from=build /out/ /usr/local/bin/
USER martlet
WORKDIR /home/martlet
# Containers share connection files through this folder.
ENV IPYTHONDIR=/home/martlet/.ipython
VOLUME /home/martlet/.ipython
ENTRYPOINT ["program"]
