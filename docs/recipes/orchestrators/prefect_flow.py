"""Prefect: a run every five minutes, and a proof each night. `python prefect_flow.py` serves both."""

from connecteam_sync_outcome import run
from prefect import flow, get_run_logger, serve, task


class Again(Exception):
    """Worth another try."""


class Failed(Exception):
    """Not worth one: a person is needed."""


async def is_worth_it(_task, _run, state) -> bool:
    """Whether a task that failed is tried again."""
    return isinstance(await state.aresult(raise_on_failure=False), Again)


@task(retries=3, retry_delay_seconds=60, retry_condition_fn=is_worth_it)
def look(*words: str) -> None:
    """One command: what is worth it is tried again, what is held is a warning, the rest fails at once."""
    ran = run(*words)
    if ran.outcome == "again":
        raise Again(ran.text)
    if ran.outcome == "failed":
        raise Failed(ran.text)
    log = get_run_logger()
    (log.warning if ran.outcome == "warn" else log.info)(ran.text)


@flow
def connecteam_sync() -> None:
    look("sync")


@flow
def connecteam_verify() -> None:
    look("verify", "--from", "yesterday", "--to", "yesterday")


if __name__ == "__main__":
    serve(
        connecteam_sync.to_deployment("connecteam-sync", cron="*/5 * * * *"),
        connecteam_verify.to_deployment("connecteam-verify", cron="30 3 * * *"),
    )
