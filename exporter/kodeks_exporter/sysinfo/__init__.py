"""Reading of sysinfo reports: containers, XML, SQLite, mapping profiles, inspect. Knows nothing of Prometheus."""
