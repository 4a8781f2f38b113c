"""Replaces the controller in the suite's ``python -m ipyparallel.cluster`` child processes, too."""

import sys

if "ipyparallel.cluster" in sys.orig_argv:
    from martlet_plugin import controller_command, replace_controller

    if command := controller_command():
        replace_controller(command)
