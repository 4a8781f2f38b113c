"""The Python side of a Martlet engine: runs tasks in a process of its own and talks to the engine over a socket.

From the packages that are installed beside it the worker takes:

* ``ipyparallel.serialize``, the format of functions, arguments and results. An ordinary import of it costs 20 MB and a
  third of a second, as the package's ``__init__`` brings the client, pyzmq and tornado. ``lazy`` postpones that until
  user code asks for one of the package's names.
* ``IPython.core.interactiveshell.InteractiveShell``, which runs cells, magics and display formatters.

``asyncio``, ``numpy`` and the rest of ipyparallel are imported when user code does so, and not before.
"""
