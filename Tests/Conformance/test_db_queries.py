"""Random queries get the answers of ipyparallel's own databases.

Its two databases differ. The rule (Protocol.md, section 11): DictDB is right for every record for which it has an
answer, SQLiteDB for those for which DictDB raises an exception. Where both raise, the hub refuses the query or the record
does not match.
"""

import pytest
from conftest import running_cluster
from harness import TIMEOUT, wait_until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ipyparallel import error, interactive
from ipyparallel.controller import sqlitedb
from ipyparallel.controller.dictdb import DictDB
from ipyparallel.controller.hub import empty_record
from ipyparallel.util import extract_dates

double = interactive(lambda x: 2 * x)
LABELS = [None, "", "x", "abc", "5", "group/ü", "b"]
TEXT_KEYS = ["label", "msg_id", "engine_uuid", "queue", "resubmitted", "stdout"]
DATE_KEYS = ["submitted", "completed", "received"]
JSON_KEYS = ["metadata", "content", "header", "error"]
BUFFER_KEYS = ["buffers", "result_buffers"]
RECORD_KEYS = list(empty_record())
ORDERS = ["$lt", "$lte", "$gt", "$gte"]


class Reference:
    """The records of a hub in databases of ipyparallel's."""

    def __init__(self, records, directory):
        self.records = records
        self.singles = {}
        self.sqlite = sqlitedb.SQLiteDB(location=str(directory), filename="reference.db")
        for record in records:
            database = DictDB()
            database.add_record(record["msg_id"], dict(record))
            self.singles[record["msg_id"]] = database
            self.sqlite.add_record(record["msg_id"], dict(record))

    def verdicts(self, key, operator, operand):
        """By id: whether the record matches, or None if both databases refuse to say."""
        condition = extract_dates({key: {operator: operand} if operator else operand})
        try:
            found = {record["msg_id"] for record in self.sqlite.find_records(condition, ["msg_id"])}
        except Exception:
            found = None
        return {identifier: self.verdict(identifier, condition, found) for identifier in self.singles}

    def verdict(self, identifier, condition, found):
        [(key, test)] = condition.items()
        [(operator, operand)] = test.items() if isinstance(test, dict) else [("$eq", test)]
        # DictDB's $gt is its $lt by mistake.
        if operator != "$gt":
            try:
                return bool(self.singles[identifier].find_records(condition))
            except Exception:
                pass
        # SQLite turns numbers into texts when it compares them with a text column. Here a number equals no text and comes
        # before all of them.
        if key in TEXT_KEYS and isinstance(operand, (int, float)):
            if operator in ("$nin", "$gt", "$gte"):
                [record] = self.singles[identifier].find_records({})
                return record[key] is not None
            return None if operator in ("$mod", "$all") else False
        return None if found is None else identifier in found


@pytest.fixture(scope="module", params=["--dictdb", "--sqlitedb"], ids=["memory", "sqlite"])
def hub(request, tmp_path_factory):
    """A client, and the hub's records in databases of ipyparallel's."""
    with pytest.MonkeyPatch.context() as patch, running_cluster("python", 1, [request.param]) as cluster:
        # It commits by a timer of an event loop, which there is none of here.
        patch.setattr(sqlitedb.ioloop, "PeriodicCallback", lambda *_: type("Timer", (), {"start": int, "stop": int}))
        client = cluster.client(engines=1)
        view = client[0]
        for label in LABELS:
            with view.temp_flags(label=label):
                view.apply_async(double, 1).get(timeout=TIMEOUT)
        client.resubmit(client.hub_history()[:1]).get(timeout=TIMEOUT)
        count = len(LABELS) + 1
        wait_until(lambda: len(client.db_query({"completed": {"$ne": None}}, keys=["msg_id"])) == count, "the results")
        records = client.db_query({}, keys=RECORD_KEYS)
        for record in records:
            for key in BUFFER_KEYS:
                record[key] = [bytes(buffer) for buffer in record[key]]
        yield client, Reference(records, tmp_path_factory.mktemp("reference"))


def scalars(records, key):
    """Operands: values of the field and others, of the kinds that a key can be compared with."""
    values = [record[key] for record in records if record[key] is not None]
    numbers = st.sampled_from([0, 5, -1, 2.5, True, False])
    if key in TEXT_KEYS:
        return st.one_of(st.sampled_from(["", "x", "ab", "abcd", "5", "group/", "ü", *values]), st.none(), numbers)
    if key in DATE_KEYS:
        return st.one_of(st.sampled_from(["", "1", "2", "yesterday", *values]), st.none(), numbers)
    if key in JSON_KEYS:
        return st.one_of(st.sampled_from([{}, {"a": 5}, *values]), st.none(), numbers)
    return st.one_of(st.sampled_from(["", "x"]), st.none(), numbers)


def operands(records, key, operator):
    one = scalars(records, key)
    odd = st.sampled_from([[], {}, {"x": 1, "abc": 2}, [[]], [{"a": 5}], [2, 1], "x"])
    lists = st.lists(one, max_size=3)
    if operator in ORDERS:
        # What JSON looks like as a text is nobody's business.
        return one.filter(lambda value: not isinstance(value, dict)) if key in JSON_KEYS else st.one_of(one, odd)
    if operator == "$glob":
        patterns = ["*", "?", "", "a*", "*b*", "2*"]
        brackets = ["[ab]*", "[!a]*", "[^a]", "[", "[]]"] if key in TEXT_KEYS else []
        return st.one_of(st.sampled_from(patterns + brackets), st.none(), st.sampled_from([5, {"a": 5}, ["a"]]))
    if operator == "$all":
        return st.one_of(st.lists(st.one_of(lists, one, odd), max_size=3), one, odd)
    if operator == "$mod":
        return st.sampled_from([[2, 1], [0, 1], 5, "ab", None])
    if operator is None:
        return one.filter(lambda value: not isinstance(value, dict))
    return st.one_of(one, lists, odd)


@st.composite
def conditions(draw, records):
    key = draw(st.sampled_from(TEXT_KEYS + DATE_KEYS + JSON_KEYS + BUFFER_KEYS))
    operators = [None, "$eq", "$ne", "$in", "$nin", "$exists", "$mod", "$all", *ORDERS]
    if key in TEXT_KEYS + DATE_KEYS:
        operators.append("$glob")
    operator = draw(st.sampled_from(operators))
    return key, operator, draw(operands(records, key, operator))


def found(client, query):
    """The ids that the hub finds, or None if it refuses the query."""
    try:
        return {record["msg_id"] for record in client.db_query(query, keys=["msg_id"])}
    except error.RemoteError as refusal:
        assert refusal.ename in ("KeyError", "TypeError"), refusal
        return None


def check(hub, key, operator, operand):
    client, reference = hub
    verdicts = reference.verdicts(key, operator, operand)
    answer = found(client, {key: {operator: operand} if operator else operand})
    if answer is None:
        assert set(verdicts.values()) == {None}, "refused although ipyparallel answers"
    else:
        known = {identifier for identifier, verdict in verdicts.items() if verdict is not None}
        assert answer & known == {identifier for identifier, verdict in verdicts.items() if verdict}


@given(data=st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_one_condition(hub, data):
    check(hub, *data.draw(conditions(hub[1].records)))


@pytest.mark.parametrize("key", BUFFER_KEYS)
@pytest.mark.parametrize("operator", ORDERS)
def test_order_of_lists(hub, key, operator):
    check(hub, key, operator, [])


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_conditions_together(hub, data):
    """A query finds what all of its conditions find; one bad condition spoils it."""
    client, reference = hub
    chosen = data.draw(st.lists(conditions(reference.records), min_size=2, max_size=4))
    query = {}
    for key, operator, operand in chosen:
        query.setdefault(key, {})[operator or "$eq"] = operand
    parts = [found(client, {key: {operator: operand}}) for key, test in query.items() for operator, operand in test.items()]
    assert found(client, query) == (None if None in parts else set.intersection(*parts))


@pytest.mark.parametrize(
    "query",
    [{"nonsense": None}, {"header.msg_id": "x"}, {"label": {"$regex": "x"}}, {"content": {"a": 5}}, {"": 1}, 5, [], "x", None],
    ids=str,
)
def test_what_is_refused(hub, query):
    assert found(hub[0], query) is None


def test_the_example_of_ipyparallel(hub):
    """Its examples ask for labelled tasks so."""
    client, _ = hub
    records = client.db_query({"label": {"$nin": ""}}, keys=["msg_id", "label"])
    assert sorted(record["label"] for record in records) == sorted(label for label in LABELS if label)
