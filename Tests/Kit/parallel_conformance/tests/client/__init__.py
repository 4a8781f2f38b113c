"""The kit's tests of a client."""
