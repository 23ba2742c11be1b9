"""First contact with a real server or online access: what fits the settings, what does not, and what to change."""
