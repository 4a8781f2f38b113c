"""Gives engines without Swift functions the ones that the streams call."""


def add(a, b):
    return a + b


def double(array):
    return array * 2


class Failure(Exception):
    pass


def fail(message):
    raise Failure(message)


def work(path, mark, seconds, value):
    import os
    import time

    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{mark}\n".encode())
    os.close(file)
    time.sleep(seconds)
    return value


def mean(values):
    return sum(values) / len(values)
