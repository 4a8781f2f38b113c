"""Replaces controller and engines in the suite's ``python -m ipyparallel.cluster`` child processes, too."""

import sys

if "ipyparallel.cluster" in sys.orig_argv:
    from martlet_plugin import replace_parts

    replace_parts()
