"""What kodeks.yml may say: one file a section, nested like the YAML. docs/configuration.md is written from here."""
