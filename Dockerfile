# The chatload command, with the sample generator chatgen beside it.
FROM debian:12 AS build
WORKDIR /src
COPY scripts scripts
RUN scripts/setup --build-only
COPY . .
RUN cmake --preset release && cmake --build --preset release --target chatload chatgen \
 && cmake --install build/release --prefix /opt/chatload --strip \
 && install -s build/release/bench/chatgen /opt/chatload/bin/

# The object store of the compose stack.
FROM debian:12 AS store
WORKDIR /store
COPY scripts scripts
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-botocore util-linux \
 && bash -c '. scripts/lib/web-servers.sh && web_servers_fetch' \
 && rm -rf /var/lib/apt/lists/*
ENV CHATLOAD_SANDBOX_STORE=0.0.0.0:9000
EXPOSE 9000
CMD ["scripts/compose-store"]

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      ca-certificates libcurl4 libdeflate0 libfmt9 libisal2 liblz4-1 libmariadb3 libpugixml1v5 libsimdjson14 \
      libspdlog1.10 libssl3 libtbb12 libxxhash0 libzstd1 zlib1g \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/chatload /usr/local
RUN useradd --create-home chatload
USER chatload
ENTRYPOINT ["chatload"]
