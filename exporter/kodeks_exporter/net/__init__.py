"""How the world is asked: HTTP, names, ping, SNMP, TLS, character sets. Knows nothing of Kodeks and judges nothing."""
