"""What is known now (memory) and what must survive a restart (SQLite). Parses nothing."""
