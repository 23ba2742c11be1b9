"""Online accesses: logging in at the vendor's servers, reading profile and history, classing the use."""
