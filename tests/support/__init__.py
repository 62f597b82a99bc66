"""What several tests act in and are judged by: a scenario, servers, histories, an oracle, invariants."""
