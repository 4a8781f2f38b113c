"""`execute_request`: cells in IPython's shell."""

import pytest


def results(reply):
    return [content["data"]["text/plain"] for content in reply.published("execute_result")]


def test_a_cell(engine):
    reply = engine.run("a = 4\na * 2")
    count = reply.content["execution_count"]
    assert reply.head == {"type": "reply", "status": "ok", "dependencies_met": True, "execution_count": count}
    assert reply.content == {"status": "ok", "execution_count": count, "user_expressions": {}, "payload": []}
    assert reply.published("execute_input") == [{"code": "a = 4\na * 2", "execution_count": count}]
    (result,) = reply.published("execute_result")
    assert result == {"data": {"text/plain": "8"}, "metadata": {}, "execution_count": count}
    assert engine.run(f"_ + Out[{count}]").content["execution_count"] == count + 1


def test_silent_cells_say_nothing_and_are_not_counted(engine):
    count = engine.run("1").content["execution_count"]
    reply = engine.run("b = 5; b", silent=True, store_history=False)
    assert reply.events == []
    assert engine.run("b").content["execution_count"] == count + 1


def test_silent_is_the_default_for_history(engine):
    engine.begin("execute_request", {"code": "c = 1", "silent": True})
    count = engine.finish().content["execution_count"]
    engine.begin("execute_request", {"code": "c = 1"})
    assert engine.finish().content["execution_count"] == count + 1


def test_errors_of_silent_cells(engine):
    reply = engine.execute("1/0", silent=True)
    assert reply.content["ename"] == "ZeroDivisionError"


def test_user_expressions(engine):
    expressions = engine.run("d = 6", user_expressions={"good": "d + 1", "bad": "d.no"}).content["user_expressions"]
    assert expressions["good"]["status"] == "ok" and expressions["good"]["data"]["text/plain"] == "7"
    assert expressions["bad"]["status"] == "error" and expressions["bad"]["ename"] == "AttributeError"


def test_magics(engine, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from_run = __name__\n")
    assert engine.run(f"%run {script}\nfrom_run").text() == ""
    assert results(engine.run("from_run")) == ["'__main__'"]
    assert "loop" in engine.run("%%timeit -n 2 -r 1\npass").text()
    assert "Wall time" in engine.run("%time sum(range(10))").text()
    assert engine.run("%%capture captured\nprint('kept')").text() == ""
    assert results(engine.run("captured.stdout")) == ["'kept\\n'"]
    assert engine.run("%%writefile " + str(tmp_path / "file") + "\ntext").content["status"] == "ok"
    assert engine.run("%who_ls int").published("execute_result")


def test_commands(engine):
    reply = engine.run("print('before')\n!echo from the shell\nprint('after')")
    assert reply.text().replace("\r", "") == "before\nfrom the shell\nafter\n"
    assert results(engine.run("lines = !echo one; echo two\nlines.l")) == ["['one', 'two']"]
    engine.run("!exit 3")
    assert results(engine.run("_exit_code")) == ["3"]
    assert "from bash" in engine.run("%%bash\necho from bash").text()


def test_commands_bypassing_python(engine):
    reply = engine.run(
        "import os, subprocess\nprint('a')\nos.system('echo b'); subprocess.run(['echo', 'c'])\nprint('d');"
    )
    assert sorted(reply.text().split()) == ["a", "b", "c", "d"]
    reply = engine.run("print('a', flush=True); x = os.system('echo b; echo problem >&2'); print('c')")
    assert reply.text() == "a\nb\nc\n"
    assert reply.text("stderr") == "problem\n"


def test_pages_and_next_inputs_are_payloads(engine):
    (page,) = engine.run("?len").content["payload"]
    assert page["source"] == "page" and "len" in page["data"]["text/plain"]
    engine.run("e = 1")
    assert engine.run("%recall 1").content["payload"][0]["source"] == "set_next_input"
    assert engine.run("1").content["payload"] == []


def test_top_level_await(engine):
    reply = engine.run(
        "import asyncio\n"
        "async def later(value):\n  await asyncio.sleep(0)\n  return value\n"
        "print(await later('printed'))\n"
        "await asyncio.gather(later(1), later(2))"
    )
    assert reply.text() == "printed\n"
    assert results(reply) == ["[1, 2]"]
    reply = engine.execute("async def fail():\n  raise KeyError('inside')\nawait fail()")
    assert reply.content["ename"] == "KeyError"


def test_displays(engine):
    reply = engine.run(
        "class Rich:\n"
        "  def _repr_html_(self): return '<b>rich</b>'\n"
        "  def _repr_png_(self): return b'\\x89PNG'\n"
        "  def __repr__(self): return 'plain'\n"
        "print('first')\n"
        "handle = display(Rich(), display_id='here')\n"
        "print('second')\n"
        "handle.update('third')\n"
        "Rich()"
    )
    assert [event[0] for event in reply.events if event[0] != "stdout"] == [
        "execute_input",
        "display_data",
        "update_display_data",
        "execute_result",
    ]
    (shown,) = reply.published("display_data")
    shown["data"]["image/png"] = shown["data"]["image/png"].strip()
    assert shown["data"] == {"text/plain": "plain", "text/html": "<b>rich</b>", "image/png": "iVBORw=="}
    assert shown["transient"] == {"display_id": "here"}
    (updated,) = reply.published("update_display_data")
    assert updated["transient"] == {"display_id": "here"} and updated["data"]["text/plain"] == "'third'"


def test_clear_output(engine):
    reply = engine.run("from IPython.display import clear_output\nclear_output(wait=True)")
    assert reply.published("clear_output") == [{"wait": True}]


def test_displays_that_json_cannot_hold(engine):
    reply = engine.run(
        "from IPython.display import publish_display_data\n"
        "import numpy, datetime\n"
        "publish_display_data({'application/json': {'n': numpy.int64(3), 'f': float('nan'),"
        " 'd': datetime.date(2020, 1, 2),"
        " 's': {1}, 2: b'ab', 'o': object}})"
    )
    data = reply.published("display_data")[0]["data"]["application/json"]
    assert (
        data["n"] == 3 and data["f"] == "nan" and data["d"] == "2020-01-02" and data["s"] == [1] and data["2"] == "YWI="
    )


def test_inline_figures(engine):
    pytest.importorskip("matplotlib")
    reply = engine.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint('plotted')")
    (figure,) = reply.published("display_data")
    assert figure["data"]["image/png"].startswith("iVBORw0KGgo")
    assert engine.run("%matplotlib inline\nplt.plot([1]);").published("display_data")
    assert engine.run("1").published("display_data") == []
    assert engine.execute("%matplotlib qt").content["status"] in ("ok", "error")


def test_quiet_expressions(engine):
    assert results(engine.run("5;")) == []
    assert results(engine.run("None")) == []


def test_unicode_and_surrogates_in_code(engine):
    assert results(engine.run("'ü€𝄞'")) == ["'ü€𝄞'"]
    reply = engine.execute("'\udc80'")
    assert reply.content["status"] in ("ok", "error")


def test_history(engine):
    engine.run("remembered = 1")
    assert "remembered = 1" in engine.run("%history -l 2").text()


def test_libraries_find_a_notebook(engine):
    assert results(engine.run("type(get_ipython()).__name__, 'IPKernelApp' in get_ipython().config")) == [
        "('ZMQInteractiveShell', True)"
    ]


def test_tqdm(engine):
    pytest.importorskip("tqdm")
    assert "100%" in engine.run("from tqdm import tqdm\nfor _ in tqdm(range(3)): pass").text("stderr")


def test_clear_request(engine):
    engine.run("gone = 1")
    engine.begin("clear_request")
    reply = engine.finish()
    assert reply.content == {"status": "ok"} and reply.head["status"] == "ok"
    assert engine.execute("gone").content["ename"] == "NameError"
    assert engine.get("gone")[0] == [{"undefined": True}]
    assert results(engine.run("here = 1\nimport __main__\n__main__.here, __name__, get_ipython() is not None")) == [
        "(1, '__main__', True)"
    ]
    assert engine.call(lambda: here) == 1  # noqa: F821
    assert engine.run("In, Out, exit, quit, open").content["status"] == "ok"


def test_a_namespace_that_clears_itself(engine):
    engine.run("%reset -f")
    assert results(engine.run("1 + 1")) == ["2"]
    engine.execute("get_ipython().user_ns.clear()")
    engine.begin("clear_request")
    engine.finish()
    assert results(engine.run("2 + 2")) == ["4"]
