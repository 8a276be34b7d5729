# The environment of the lock file, and the project in it (docs/containers.md).
#   docker build -t tuning-curves .                                 # PyTorch for processors, about 2 GB
#   docker build -t tuning-curves --build-arg TORCH_BACKEND=auto .  # with CUDA, several GB
#   docker run --rm -v "$PWD:/opt/tuning-curves" --user "$(id -u):$(id -g)" tuning-curves

FROM python:3.11-slim-bookworm AS environment
ARG UV=0.13.9
ARG TORCH_BACKEND=cpu
ENV VIRTUAL_ENV=/opt/venv
RUN python -m pip install --no-cache-dir uv==${UV} && python -m venv ${VIRTUAL_ENV}
WORKDIR /opt/tuning-curves
COPY requirements.txt constraints.txt pyproject.toml README.md LICENSE ./
COPY src src
COPY config/claims.yaml config/claims.yaml
RUN uv pip install --no-cache --torch-backend ${TORCH_BACKEND} --requirement requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp/home
WORKDIR /opt/tuning-curves
COPY --from=environment /opt/venv /opt/venv
COPY . .
# Any user may work here: `--user` names the one who owns the folder that is mounted.
RUN mkdir -p ${HOME} && chmod -R a+rwX ${HOME} /opt/tuning-curves
USER 1000:1000
CMD ["snakemake", "--cores", "all"]
