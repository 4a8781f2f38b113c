"""Requests of front ends about code and names, answered as ipykernel answers them. Imported at the first of them."""

from __future__ import annotations

from typing import Any

from .shell import WorkerShell


def answer(shell: WorkerShell, msg_type: str, content: dict) -> dict:
    """Return the content of the reply; raises NotImplementedError for a type that nobody answers."""
    handler = _HANDLERS.get(msg_type)
    if handler is None:
        raise NotImplementedError(f"engines don't answer {msg_type}")
    return {"status": "ok", **handler(shell, content)}


def _complete(shell: WorkerShell, content: dict) -> dict:
    from IPython.core.completer import provisionalcompleter, rectify_completions

    code = content["code"]
    position = content.get("cursor_pos")
    position = len(code) if position is None else position
    with provisionalcompleter():
        found = list(rectify_completions(code, shell.Completer.completions(code, position)))
    types = [
        {"start": item.start, "end": item.end, "text": item.text, "type": item.type, "signature": item.signature}
        for item in found
    ]
    return {
        "matches": [item.text for item in found],
        "cursor_start": found[0].start if found else position,
        "cursor_end": found[0].end if found else position,
        "metadata": {"_jupyter_types_experimental": types},
    }


def _inspect(shell: WorkerShell, content: dict) -> dict:
    from IPython.utils.tokenutil import token_at_cursor

    name = token_at_cursor(content["code"], content["cursor_pos"])
    try:
        data = shell.object_inspect_mime(
            name,
            detail_level=content.get("detail_level", 0),
            omit_sections=set(content.get("omit_sections", ())),
        )
    except KeyError:
        return {"found": False, "data": {}, "metadata": {}}
    if not shell.enable_html_pager:
        data.pop("text/html", None)
    return {"found": True, "data": data, "metadata": {}}


def _history(shell: WorkerShell, content: dict) -> dict:
    manager = shell.history_manager
    kind = content.get("hist_access_type")
    shared = {"raw": content.get("raw", True), "output": content.get("output", False)}
    entries: Any = ()
    if kind == "tail":
        entries = manager.get_tail(content.get("n"), include_latest=True, **shared)
    elif kind == "range":
        bounds = content.get("session", 0), content.get("start", 0), content.get("stop")
        entries = manager.get_range(*bounds, **shared)
    elif kind == "search":
        entries = manager.search(
            content.get("pattern"), n=content.get("n"), unique=content.get("unique", False), **shared
        )
    return {"history": list(entries)}


def _is_complete(shell: WorkerShell, content: dict) -> dict:
    status, indent = shell.input_transformer_manager.check_complete(content["code"])
    reply = {"status": status}
    if status == "incomplete":
        reply["indent"] = " " * (indent or 0)
    return reply


def _connect(shell: WorkerShell, content: dict) -> dict:
    return {}


def _comm_info(shell: WorkerShell, content: dict) -> dict:
    from .comms import manager

    target = content.get("target_name")
    comms = manager().comms.items()
    return {
        "comms": {
            key: {"target_name": value.target_name}
            for key, value in comms
            if target is None or value.target_name == target
        }
    }


_HANDLERS = {
    "comm_info_request": _comm_info,
    "complete_request": _complete,
    "connect_request": _connect,
    "history_request": _history,
    "inspect_request": _inspect,
    "is_complete_request": _is_complete,
}
