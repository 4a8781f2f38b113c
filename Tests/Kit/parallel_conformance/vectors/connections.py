"""Connection files of both kinds, with the endpoints they name, and files that can't be used."""

import json
import random
from typing import Any

CLIENT = ("registration", "control", "mux", "task", "iopub", "notification", "broadcast")
ENGINE = ("registration", "control", "mux", "task", "iopub", "broadcast", "hb_ping", "hb_pong")


def make(seed: int) -> list[dict[str, Any]]:
    return [*_usable(seed), *_refused(seed)]


def written(seed: int, kind: str, interface: str, **fields: Any) -> dict[str, Any]:
    """The content of a file as ipyparallel's controller writes it."""
    source = random.Random(f"{seed} {kind} {interface}")
    port = source.randrange(20_000, 40_000) if interface.startswith("tcp") else 1
    info: dict[str, Any] = {
        "key": f"{source.getrandbits(128):032x}",
        "curve_serverkey": None,
        "location": "head.example",
        "pack": "json",
        "unpack": "json",
        "signature_scheme": "hmac-sha256",
        "ssh": "",
        "interface": interface,
    }
    for channel in CLIENT if kind == "client" else ENGINE:
        if channel == "broadcast" and kind == "engine":
            info[channel] = [port, port + 1]
            port += 1
        else:
            info[channel] = port
        port += 1
    if kind == "client":
        info["task_scheme"] = "leastload"
    return info | fields


def expectation(info: dict[str, Any]) -> dict[str, Any]:
    """What a reader gets: for each channel a list of endpoints, each with the names that reach it."""
    interface = info["interface"]
    endpoints = {}
    for channel in sorted({*CLIENT, *ENGINE} & set(info)):
        numbers = info[channel] if isinstance(info[channel], list) else [info[channel]]
        endpoints[channel] = [_names(interface, number) for number in numbers]
    return {
        "kind": "engine" if "hb_ping" in info else "client",
        "key": info.get("key", ""),
        "signature_scheme": info.get("signature_scheme", "hmac-sha256"),
        "curve_serverkey": info.get("curve_serverkey") or None,
        "location": info.get("location", ""),
        "endpoints": endpoints,
    }


def _names(interface: str, number: int) -> list[str]:
    """An ipc endpoint has two names: ipyparallel's controller binds one, its clients and engines connect to the other."""
    if interface.startswith("ipc"):
        return [f"{interface}-{number}", f"{interface}:{number}"]
    return [f"{interface}:{number}"]


def _vector(name: str, about: str, info: dict[str, Any], text: str | None = None) -> dict[str, Any]:
    return {"name": name, "about": about, "text": text or json.dumps(info, indent=1), "expect": expectation(info)}


def _usable(seed: int) -> list[dict[str, Any]]:
    made = []
    curve = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
    for kind in ("client", "engine"):
        def add(name: str, about: str, info: dict[str, Any], text: str | None = None, kind: str = kind) -> None:
            made.append(_vector(f"{kind}-{name}", about, info, text))

        tcp = written(seed, kind, "tcp://127.0.0.1")
        add("tcp", "as ipyparallel's controller writes it", tcp)
        add("ipc", "numbers in place of ports", written(seed, kind, "ipc:///run/user/1000/c1"))
        add("ipv6", "an IPv6 address in brackets", written(seed, kind, "tcp://[::1]"))
        add("name", "the name of a host", written(seed, kind, "tcp://head.example"))
        add("curve", "with CURVE the key is empty", tcp | {"key": "", "curve_serverkey": curve})
        add("curve-empty", "an empty server key is none", tcp | {"curve_serverkey": ""})
        add("scheme", "another scheme", tcp | {"signature_scheme": "hmac-sha512"})
        add("key-not-ascii", "the key is text", tcp | {"key": "schlüssel"})
        add("unknown-keys", "unknown keys are ignored", tcp | {"colour": "blue", "nested": {"hb_ping": 1}})
        add("compact", "JSON without white space", tcp, json.dumps(tcp, separators=(",", ":")))
        for key in ("key", "signature_scheme", "curve_serverkey", "ssh", "location", "pack", "unpack"):
            less = {name: value for name, value in tcp.items() if name != key}
            add(f"without-{key.replace('_', '-')}", f"{key} may be missing", less)
    single = written(seed, "engine", "tcp://127.0.0.1")
    single["broadcast"] = single["broadcast"][0]
    made.append(_vector("engine-one-leaf", "a single leaf may be a number", single))
    leaves = written(seed, "engine", "tcp://127.0.0.1", broadcast=[41000, 41001, 41002, 41003])
    made.append(_vector("engine-four-leaves", "a tree of depth 2 has four leaves", leaves))
    limits = written(seed, "client", "tcp://127.0.0.1", mux=1, task=65535)
    made.append(_vector("client-limits", "ports are at most 65535", limits))
    return made


def _refused(seed: int) -> list[dict[str, Any]]:
    good = written(seed, "engine", "tcp://127.0.0.1")
    texts = {
        "empty": ("an empty file", ""),
        "cut": ("half a file", json.dumps(good)[:-20]),
        "list": ("no object", "[]"),
        "text": ("no object", '"tcp://127.0.0.1"'),
        "null": ("no object", "null"),
    }
    infos: dict[str, tuple[str, dict[str, Any]]] = {
        "no-interface": ("interface is required", {key: value for key, value in good.items() if key != "interface"}),
        "interface-null": ("interface is text", good | {"interface": None}),
        "interface-number": ("interface is text", good | {"interface": 1}),
        "no-transport": ("interface has a transport", good | {"interface": "127.0.0.1"}),
        "port-text": ("numbers are integers", good | {"mux": "many"}),
        "port-object": ("numbers are integers", good | {"mux": {}}),
        "port-fraction": ("numbers are integers", good | {"mux": 1.5}),
        "port-too-large": ("numbers are at most 65535", good | {"mux": 65536}),
        "port-negative": ("numbers are not negative", good | {"mux": -1}),
        "leaf-text": ("numbers are integers", good | {"broadcast": [1, "two"]}),
        "no-leaf": ("a list of leaves is not empty", good | {"broadcast": []}),
        "pack-pickle": ("messages are JSON", good | {"pack": "pickle", "unpack": "pickle"}),
    }
    made = [{"name": f"refused-{name}", "text": text, "refuse": reason} for name, (reason, text) in texts.items()]
    return made + [
        {"name": f"refused-{name}", "text": json.dumps(info), "refuse": reason}
        for name, (reason, info) in infos.items()
    ]
