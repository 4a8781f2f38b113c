"""The kit's tests."""
