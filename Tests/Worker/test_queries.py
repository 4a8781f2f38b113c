"""Requests of front ends: completion, inspection, history, comms."""


def ask(engine, msg_type, **content):
    engine.begin(msg_type, content)
    return engine.finish().content


def test_completion(engine):
    engine.run("completable = 1")
    content = ask(engine, "complete_request", code="x = complet", cursor_pos=11)
    assert content["status"] == "ok" and "completable" in content["matches"]
    assert (content["cursor_start"], content["cursor_end"]) == (4, 11)
    assert ask(engine, "complete_request", code="zzzznothing", cursor_pos=11)["matches"] == []


def test_inspection(engine):
    content = ask(engine, "inspect_request", code="len(", cursor_pos=3)
    assert content["found"] is True and "number of items" in content["data"]["text/plain"]
    assert ask(engine, "inspect_request", code="nobody", cursor_pos=3) == {
        "status": "ok",
        "found": False,
        "data": {},
        "metadata": {},
    }


def test_history(engine):
    engine.run("first_line = 1")
    content = ask(engine, "history_request", hist_access_type="tail", n=5, raw=True, output=False)
    assert content["history"][-1][2] == "first_line = 1"
    found = ask(engine, "history_request", hist_access_type="search", pattern="first*", n=1, raw=True, output=False)
    assert found["history"][0][2] == "first_line = 1"
    ranged = ask(
        engine, "history_request", hist_access_type="range", session=0, start=1, stop=1000, raw=True, output=True
    )
    assert len(ranged["history"]) >= 1
    assert ask(engine, "history_request", hist_access_type="other")["history"] == []


def test_completeness(engine):
    assert ask(engine, "is_complete_request", code="a = 1") == {"status": "complete"}
    assert ask(engine, "is_complete_request", code="for a in b:") == {"status": "incomplete", "indent": "    "}
    assert ask(engine, "is_complete_request", code="a ===")["status"] == "invalid"


def test_comms(engine):
    assert ask(engine, "comm_info_request") == {"status": "ok", "comms": {}}
    reply = engine.run(
        "import comm\n"
        "c = comm.create_comm(target_name='widget', data={'a': 1})\n"
        "c.on_msg(lambda message: print('received', message['content']['data']))\n"
        "c.send({'b': 2}, buffers=[b'binary'])"
    )
    (opened,) = reply.published("comm_open")
    assert opened["target_name"] == "widget" and opened["data"] == {"a": 1}
    ((_, sent, _, buffers),) = [event for event in reply.events if event[0] == "comm_msg"]
    assert sent == {"comm_id": opened["comm_id"], "data": {"b": 2}} and buffers == [b"binary"]
    assert ask(engine, "comm_info_request")["comms"] == {opened["comm_id"]: {"target_name": "widget"}}
    assert ask(engine, "comm_info_request", target_name="other")["comms"] == {}
    engine.begin("comm_msg", {"comm_id": opened["comm_id"], "data": {"c": 3}})
    assert engine.finish().text() == "received {'c': 3}\n"
    assert ask(engine, "comm_close", comm_id=opened["comm_id"], data={})["status"] == "ok"
    assert ask(engine, "comm_info_request")["comms"] == {}
