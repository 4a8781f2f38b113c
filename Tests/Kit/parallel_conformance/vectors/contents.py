"""Contents and metadata of each type of message, by a name: ``(msg_type, content, metadata)``."""

from typing import Any

ENGINE = "c2b8e9d4-1f07-4b6d-8e35-5a90f4d7b613"
TASK = "3f0c6a52-77b1-4f5e-9a43-0d8a5c1be720_4242_7"
DATE = "2026-01-02T03:04:05.678901Z"

_OK = {"status": "ok"}
_ERROR = {"status": "error", "ename": "NameError", "evalue": "name 'a' is not defined", "traceback": ["line 1"]}
_ENGINE_INFO = {"engine_uuid": ENGINE, "engine_id": 3}
_REPLY = {
    "started": DATE,
    "dependencies_met": True,
    "engine": ENGINE,
    "is_broadcast": False,
    "is_coalescing": False,
    "original_msg_id": "",
    "label": None,
    "status": "ok",
}
_RECORD = {"header": {"msg_id": TASK}, "metadata": {}, "result_header": {}, "result_metadata": _REPLY,
           "result_content": _OK, "received": DATE, "io": {"stdout": "x\n", "stderr": ""}}
_CONNECTION = {"interface": "tcp://127.0.0.1", "registration": 1, "mux": 2, "task": 3, "control": 4, "iopub": 5,
               "broadcast": [6, 7], "hb_ping": 8, "hb_pong": 9}

CONTENTS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    # Registration and notifications
    "registration_request": ("registration_request", {"uuid": ENGINE}, {}),
    "registration_request-id": ("registration_request", {"uuid": ENGINE, "id": 3}, {}),
    "registration_reply": (
        "registration_reply", {"status": "ok", "id": 3, "hb_period": 3000, "connection_info": _CONNECTION}, {}),
    "registration_reply-error": ("registration_reply", _ERROR, {}),
    "unregistration_request": ("unregistration_request", {"id": 3}, {"engine": ENGINE}),
    "registration_notification": ("registration_notification", {"id": 3, "uuid": ENGINE}, {}),
    "unregistration_notification": ("unregistration_notification", {"id": 3, "uuid": ENGINE}, {}),
    "shutdown_notification": ("shutdown_notification", _OK, {}),
    # Requests to the hub
    "connection_request": ("connection_request", {}, {}),
    "connection_reply": ("connection_reply", {"status": "ok", "engines": {"3": ENGINE}}, {}),
    "queue_request": ("queue_request", {"targets": [3, ENGINE], "verbose": True}, {}),
    "queue_reply": (
        "queue_reply", {"status": "ok", "3": {"queue": [TASK], "tasks": [], "completed": []}, "unassigned": 0}, {}),
    "load_request": ("load_request", {"targets": None}, {}),
    "load_reply": ("load_reply", {"status": "ok", "3": 1}, {}),
    "result_request": ("result_request", {"msg_ids": [TASK], "status_only": False}, {}),
    "result_reply": ("result_reply", {"status": "ok", "pending": [], "completed": [TASK], TASK: _RECORD}, {}),
    "history_request": ("history_request", {}, {}),
    "history_reply": ("history_reply", {"status": "ok", "history": [TASK]}, {}),
    "db_request": ("db_request", {"query": {"completed": {"$ne": None}}, "keys": ["msg_id", "result_buffers"]}, {}),
    "db_reply": (
        "db_reply",
        {"status": "ok", "records": [{"msg_id": TASK}], "buffer_lens": None, "result_buffer_lens": [1]}, {}),
    "purge_request": ("purge_request", {"msg_ids": "all", "engine_ids": []}, {}),
    "purge_reply": ("purge_reply", _OK, {}),
    "resubmit_request": ("resubmit_request", {"msg_ids": [TASK]}, {}),
    "resubmit_reply": ("resubmit_reply", {"status": "ok", "resubmitted": {TASK: "new_0"}}, {}),
    "hub_error": ("hub_error", _ERROR, {}),
    # Requests to engines
    "apply_request": ("apply_request", {}, {"targets": [], "after": [], "follow": [], "timeout": None, "retries": 0}),
    "apply_request-dependency": (
        "apply_request", {},
        {"after": {"dependencies": [TASK], "all": True, "success": True, "failure": False}, "label": "demo"}),
    "apply_request-broadcast": (
        "apply_request", {}, {"is_broadcast": True, "is_coalescing": False, "targets": [[ENGINE, 3]]}),
    "apply_reply": ("apply_reply", _OK, _REPLY),
    "apply_reply-error": (
        "apply_reply", {**_ERROR, "engine_info": {**_ENGINE_INFO, "method": "apply"}},
        {**_REPLY, "status": "error", "engine_info": _ENGINE_INFO}),
    "apply_reply-aborted": ("apply_reply", {"status": "aborted"}, {**_REPLY, "status": "aborted"}),
    "apply_reply-unmet": (
        "apply_reply", {**_ERROR, "ename": "UnmetDependency"},
        {**_REPLY, "status": "error", "dependencies_met": False}),
    "execute_request": ("execute_request", {"code": "a = 1\na", "silent": False, "user_expressions": {}}, {}),
    "execute_reply": (
        "execute_reply", {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}, _REPLY),
    "kernel_info_request": ("kernel_info_request", {}, {}),
    "kernel_info_reply": (
        "kernel_info_reply",
        {"status": "ok", "protocol_version": "5.4", "implementation": "ipython", "implementation_version": "9",
         "language_info": {"name": "python"}, "banner": "", "help_links": []}, {"engine": ENGINE}),
    "abort_request": ("abort_request", {"msg_ids": [TASK]}, {}),
    "abort_reply": ("abort_reply", _OK, {"engine": ENGINE}),
    "clear_request": ("clear_request", {}, {}),
    "clear_reply": ("clear_reply", _OK, {"engine": ENGINE}),
    "signal_request": ("signal_request", {"sig": 2}, {}),
    "signal_reply": ("signal_reply", _OK, {"engine": ENGINE}),
    "shutdown_request": ("shutdown_request", {"restart": False}, {}),
    "shutdown_reply": ("shutdown_reply", {"status": "ok", "restart": False}, {"engine": ENGINE}),
    "complete_request": ("complete_request", {"code": "pri", "cursor_pos": 3}, {}),
    "complete_reply": (
        "complete_reply",
        {"status": "ok", "matches": ["print"], "cursor_start": 0, "cursor_end": 3, "metadata": {}}, {}),
    "inspect_request": ("inspect_request", {"code": "print", "cursor_pos": 5, "detail_level": 0}, {}),
    "inspect_reply": ("inspect_reply", {"status": "ok", "found": False, "data": {}, "metadata": {}}, {}),
    "is_complete_request": ("is_complete_request", {"code": "for"}, {}),
    "is_complete_reply": ("is_complete_reply", {"status": "incomplete", "indent": "  "}, {}),
    "comm_info_request": ("comm_info_request", {}, {}),
    "comm_info_reply": ("comm_info_reply", {"status": "ok", "comms": {}}, {}),
    "comm_open": ("comm_open", {"comm_id": "c1", "target_name": "t", "data": {}}, {}),
    "comm_msg": ("comm_msg", {"comm_id": "c1", "data": {"x": 1}}, {}),
    "comm_close": ("comm_close", {"comm_id": "c1", "data": {}}, {}),
    # Output
    "status": ("status", {"execution_state": "busy"}, {"engine": ENGINE}),
    "stream": ("stream", {"name": "stdout", "text": "grün\n"}, {"engine": ENGINE}),
    "error": ("error", {key: value for key, value in _ERROR.items() if key != "status"}, {"engine": ENGINE}),
    "execute_input": ("execute_input", {"code": "a", "execution_count": 1}, {"engine": ENGINE}),
    "execute_result": (
        "execute_result", {"data": {"text/plain": "1"}, "metadata": {}, "execution_count": 1}, {"engine": ENGINE}),
    "display_data": ("display_data", {"data": {"text/plain": "1"}, "metadata": {}, "transient": {}}, {}),
    "iopub_welcome": ("iopub_welcome", {"subscription": "engine.3"}, {}),
}

#: The buffers of messages that have some, by their names above. `calls.json` has calls, `results.json` results.
BUFFERS: dict[str, tuple[bytes, ...]] = {
    "apply_reply": (b"\x80\x04K\x05.",),
    "db_reply": (b"\x80\x04K\x05.",),
    "result_reply": (b"\x80\x04K\x05.",),
    "comm_msg": (b"\x00\x01",),
}
