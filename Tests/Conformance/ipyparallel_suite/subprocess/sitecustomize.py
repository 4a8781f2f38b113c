"""Carries the replaced controller into the ``python -m ipyparallel.cluster`` children of the suite."""

import sys

if "ipyparallel.cluster" in sys.orig_argv:
    from martlet_plugin import controller_command, replace_controller

    if command := controller_command():
        replace_controller(command)
