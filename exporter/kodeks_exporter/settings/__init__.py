"""The sections of kodeks.yml, one file each, nested like the YAML. docs/configuration.md is generated from them."""
