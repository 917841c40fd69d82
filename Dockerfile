# The chatload command, from its package, with the sample generator chatgen beside it.
FROM debian:12 AS build
WORKDIR /src
COPY scripts scripts
RUN scripts/setup --build-only
COPY . .
RUN cmake --preset release && cmake --build --preset release --target chatload chatgen \
 && cpack -G DEB --config build/release/CPackConfig.cmake -B /packages \
 && install -s build/release/bench/chatgen /packages/

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
COPY --from=build /packages/*.deb /packages/
COPY --from=build /packages/chatgen /usr/local/bin/
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates /packages/*.deb \
 && rm -rf /var/lib/apt/lists/*
# By its number, so that Kubernetes sees that it is not root.
RUN useradd --uid 1000 --create-home chatload
USER 1000
ENTRYPOINT ["chatload"]
