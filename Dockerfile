# toolgrove in a container, at the versions that were tested:
#   docker build -t toolgrove .
#   docker run --rm -v "$PWD:/work" toolgrove index openapi.yaml --catalog catalog
FROM python:3.11-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/toolgrove \
 && /opt/toolgrove/bin/pip install --no-cache-dir -c constraints.txt ".[world,mcp]"

FROM python:3.11-slim
COPY --from=build /opt/toolgrove /opt/toolgrove
ENV PATH=/opt/toolgrove/bin:$PATH
RUN useradd --create-home toolgrove
USER toolgrove
WORKDIR /work
ENTRYPOINT ["toolgrove"]
CMD ["--help"]
