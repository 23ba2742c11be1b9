"""How people react to alerts: read from Alertmanager, and alerts taken by their link."""
