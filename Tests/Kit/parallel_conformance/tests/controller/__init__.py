"""The kit's tests of a controller."""
