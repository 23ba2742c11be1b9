"""Online accesses: logging in at the vendor's servers, reading the account page and the history, classifying the
use."""
