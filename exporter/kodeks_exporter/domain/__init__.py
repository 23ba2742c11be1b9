"""The vocabulary of the product: plain frozen data, no I/O, no other room of the house."""
