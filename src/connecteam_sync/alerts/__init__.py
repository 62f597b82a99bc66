"""Telling people: e-mail, webhooks, Apprise, a command, a dead-man's ping. A receiver that fails disturbs no run."""
