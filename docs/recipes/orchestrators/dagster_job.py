"""Dagster: a run every five minutes, and a proof each night."""

from connecteam_sync_outcome import run
from dagster import Definitions, Failure, OpExecutionContext, RetryRequested, ScheduleDefinition, job, op


def look(context: OpExecutionContext, *words: str) -> None:
    """One command: what is worth it is tried again, what is held is a warning, the rest fails at once."""
    ran = run(*words)
    if ran.outcome == "again":
        raise RetryRequested(max_retries=3, seconds_to_wait=60)
    if ran.outcome == "failed":
        raise Failure(ran.text, allow_retries=False)
    (context.log.warning if ran.outcome == "warn" else context.log.info)(ran.text)


@op
def sync(context: OpExecutionContext) -> None:
    look(context, "sync")


@op
def verify(context: OpExecutionContext) -> None:
    look(context, "verify", "--from", "yesterday", "--to", "yesterday")


@job
def connecteam_sync():
    sync()


@job
def connecteam_verify():
    verify()


defs = Definitions(
    jobs=[connecteam_sync, connecteam_verify],
    schedules=[
        ScheduleDefinition(job=connecteam_sync, cron_schedule="*/5 * * * *"),
        ScheduleDefinition(job=connecteam_verify, cron_schedule="30 3 * * *", execution_timezone="America/Chicago"),
    ],
)
