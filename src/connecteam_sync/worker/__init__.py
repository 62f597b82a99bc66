"""Workers on other machines: turns by Celery over RabbitMQ. Needs the extra `fleet`."""
