"""Configuration: what the files of the operator say, checked and turned into domain data."""
