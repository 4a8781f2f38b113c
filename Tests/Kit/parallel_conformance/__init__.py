"""Conformance tests of IPython's parallel protocol, for any controller, engine or client.

Protocol.md states the requirements and gives each its identifier; the tests name what they check. See README.md beside
this package for its use.
"""
