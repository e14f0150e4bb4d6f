# The agent with Minecraft's bridge. docker-compose.yml brings the servers.
ARG BASE=python:3.12-slim-bookworm
FROM ${BASE}
ARG EXTRAS=minecraft,node,openai,anthropic,ollama

# The symbolic links under fieldcraft/ point at the four rooms, so all of it is copied before it is installed.
COPY . /opt/fieldcraft
RUN python3 -m pip install --no-cache-dir --disable-pip-version-check "/opt/fieldcraft[${EXTRAS}]" && rm -rf /opt/fieldcraft

# Written by hand, since bases differ in which of useradd and adduser they have.
RUN echo "agent:x:1000:1000::/home/agent:/bin/sh" >> /etc/passwd && echo "agent:x:1000:" >> /etc/group \
 && mkdir -p /home/agent/work && chown -R 1000:1000 /home/agent
USER agent
WORKDIR /home/agent/work
ENV HOME=/home/agent FIELDCRAFT_CACHE=/home/agent/work/cache
RUN fieldcraft envs install minecraft-v1

ENTRYPOINT ["fieldcraft"]
CMD ["explore", "--plain"]
