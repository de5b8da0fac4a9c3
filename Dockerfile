# One image for web, worker, beat and engine; docker-compose.yml says what each of them runs.
# The Python that the suite runs on.
FROM python:3.11-slim

# uv stays: the engine makes the model servers' environments with it, and they need no second copy in a cache.
ENV PYTHONUNBUFFERED=1 UV_NO_CACHE=1
COPY locks/bootstrap.txt locks/runtime.txt /tmp/locks/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/locks/bootstrap.txt \
    && uv pip install --system --compile-bytecode --require-hashes -r /tmp/locks/runtime.txt \
    && rm -r /tmp/locks

# A named volume takes its first owner from the folder that it covers, so these must be there and be ours.
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin batchdeck \
    && install -d -o batchdeck -g batchdeck -m 0700 /data /engine /runtimes /secrets
WORKDIR /srv/batchdeck
COPY manage.py ./
COPY launcher launcher
COPY hosting hosting
COPY transform transform
COPY engine engine
COPY aws aws
COPY failures failures
COPY teams teams
COPY jobs jobs
COPY results results
COPY deployments deployments
COPY tuning tuning
COPY schedules schedules
COPY notifications notifications
COPY assistants assistants
COPY help help
COPY webapp webapp
COPY templates templates
COPY static static
COPY samples samples
# The pages of help are made of these.
COPY docs docs
COPY README.md AGENTS.md CONTRIBUTING.md CHANGELOG.md ./
# Compiled here, for the user below may not write where they lie.
RUN python -m compileall -q .

USER batchdeck
ENV BATCHDECK_DATA_DIR=/data
EXPOSE 8000 8070
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s \
    CMD ["python", "-m", "launcher.probe", "http://127.0.0.1:8000/healthz"]
# Static files are collected into the data folder, by the service `static` of docker-compose.yml.
CMD ["python", "-m", "gunicorn", "--bind", "0.0.0.0:8000", "--worker-class", "webapp.worker.WebWorker", "--workers", "2", "--threads", "8", "--preload", "--graceful-timeout", "4", "--timeout", "60", "--no-control-socket", "--worker-tmp-dir", "/dev/shm", "webapp.wsgi:application"]
