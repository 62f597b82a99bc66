"""Airflow: a run every five minutes, and a proof each night."""

import logging
from datetime import datetime, timedelta

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from connecteam_sync_outcome import run

AGAIN = {"retries": 3, "retry_delay": timedelta(minutes=1)}


def look(*words: str) -> None:
    """One command: what is worth it is tried again, what is held is a warning, the rest fails at once."""
    ran = run(*words)
    if ran.outcome == "again":
        raise AirflowException(ran.text)
    if ran.outcome == "failed":
        raise AirflowFailException(ran.text)
    logging.getLogger(__name__).log(logging.WARNING if ran.outcome == "warn" else logging.INFO, ran.text)


@dag(schedule="*/5 * * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1)
def connecteam_sync():
    """The mirror."""
    task(task_id="sync", **AGAIN)(look)("sync")


@dag(schedule="30 3 * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1)
def connecteam_verify():
    """Yesterday, proven."""
    task(task_id="verify", **AGAIN)(look)("verify", "--from", "yesterday", "--to", "yesterday")


connecteam_sync()
connecteam_verify()
