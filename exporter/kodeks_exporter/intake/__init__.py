"""What happens to a file that has come, by whatever way: pull, push or hand."""
