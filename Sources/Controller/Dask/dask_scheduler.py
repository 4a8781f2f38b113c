"""Runs Dask's scheduler for a controller.

The one argument is a JSON object: the keyword arguments of ``distributed.Scheduler``. One line of JSON on standard output
says where the scheduler listens, or why there is none. The scheduler closes when standard input does: at the end of the
controller, however that comes about.
"""

import asyncio
import json
import os
import sys
import traceback


def report(**message):
    print(json.dumps(message), flush=True)


async def standard_input_closed():
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()

    def read():
        if not os.read(0, 4096):
            loop.remove_reader(0)
            closed.set()

    loop.add_reader(0, read)
    await closed.wait()


async def run(scheduler):
    await scheduler.start()
    report(ip=scheduler.ip, address=scheduler.address, port=scheduler.port)
    ends = [asyncio.ensure_future(standard_input_closed()), asyncio.ensure_future(scheduler.finished())]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    await scheduler.close()


async def main(arguments):
    from distributed import Scheduler

    await run(Scheduler(**arguments))


try:
    asyncio.run(main(json.loads(sys.argv[1])))
except BaseException as error:
    report(
        missing=isinstance(error, ImportError),
        ename=type(error).__name__,
        evalue=str(error),
        traceback=traceback.format_exc(),
    )
    sys.exit(1)
