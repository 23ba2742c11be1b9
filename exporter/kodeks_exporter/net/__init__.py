"""Network clients: HTTP, names, ping, SNMP, TLS, character sets. They know nothing about Kodeks and judge nothing."""
