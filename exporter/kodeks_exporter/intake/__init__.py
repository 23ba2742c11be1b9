"""What happens to a received file, whether pulled, pushed or carried by hand."""
