"""The kit's tests of a engine."""
