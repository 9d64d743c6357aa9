# The image of every Airflow process of a team's deployment: the locked environment, the project, no root.
FROM python:3.11.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    AIRFLOW_HOME=/opt/airflow

# Group 0, as on platforms that run containers under a number of their own; the home's files then stay writable by the group.
RUN useradd --uid 50000 --gid 0 --no-create-home --home-dir /opt/airflow --shell /usr/sbin/nologin goodwill \
    && install --directory --owner=50000 --group=0 --mode=0775 /opt/airflow /srv/goodwill

# The lock alone first: a change of the project does not install the environment again. Every file is checked against its hash;
# the byte code is compiled here, because each task is a process of its own and would do it every time.
COPY requirements.lock /opt/goodwill/requirements.lock
RUN pip install --no-cache-dir --no-deps --require-hashes --compile --requirement /opt/goodwill/requirements.lock

COPY plugins /opt/goodwill/plugins
COPY dags /opt/goodwill/dags
COPY dbt_project /opt/goodwill/dbt_project
COPY expectations /opt/goodwill/expectations
RUN python -m compileall -q /opt/goodwill/plugins

ENV PYTHONPATH=/opt/goodwill/plugins
WORKDIR /srv/goodwill
USER 50000:0
CMD ["airflow", "version"]
