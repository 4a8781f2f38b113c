"""The requirements of the protocol, read from the tags of Protocol.md.

A tag such as ``[R-10.3 must, controller]`` ends the rule that it names. Its first number is that of the section. The
section "Sources" has a row for each requirement: what shows that it is a rule, or for an extension what an old peer
sees.
"""

import argparse
import json
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

ROLES = ("controller", "engine", "client")
STRENGTHS = ("must", "should", "may", "extension")
PACKAGED = Path(__file__).with_name("requirements.json")
DOCUMENT = Path(__file__).parents[3] / "Protocol.md"

_TAG = re.compile(r"\[(R-(\d+)\.(\d+)) ([a-z]+), ([a-z, ]+)\]")
_SOURCE = re.compile(r"^\| (R-\d+\.\d+(?:, R-\d+\.\d+)*) \| (.+) \|$", re.MULTILINE)
_SECTION = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Requirement:
    """A rule of the protocol."""

    identifier: str
    section: int
    number: int
    strength: str
    roles: tuple[str, ...]
    text: str
    source: str


@dataclass(frozen=True)
class Requirements:
    """All rules, in the order of their numbers, and the titles of the sections they are in."""

    rules: dict[str, Requirement]
    sections: dict[int, str]

    def binding(self, role: str, strength: str) -> list[Requirement]:
        """The rules of this strength for a role."""
        return [rule for rule in self.rules.values() if rule.strength == strength and role in rule.roles]


def parse(document: str) -> Requirements:
    """Read all tags; ValueError says which are wrong."""
    sources = {name: text for names, text in _SOURCE.findall(document) for name in names.split(", ")}
    sections = {int(number): title for number, title in _SECTION.findall(document)}
    starts = [(match.start(), int(match[1])) for match in _SECTION.finditer(document)]
    rules: dict[str, Requirement] = {}
    for tag in _TAG.finditer(document):
        identifier, section, number, strength, bound = tag.groups()
        roles = ROLES if bound == "any" else tuple(bound.split(", "))
        if strength not in STRENGTHS or not set(roles) <= set(ROLES):
            raise ValueError(f"{tag[0]}: unknown strength or role")
        if identifier in rules:
            raise ValueError(f"{identifier} occurs twice")
        if int(section) != max((start for start in starts if start[0] < tag.start()), default=(0, 0))[1]:
            raise ValueError(f"{identifier} is in another section")
        if identifier not in sources:
            raise ValueError(f"{identifier} has no source")
        text = _rule_before(document, tag.start())
        rules[identifier] = Requirement(
            identifier, int(section), int(number), strength, roles, text, sources.pop(identifier)
        )
    if sources:
        raise ValueError(f"sources without a requirement: {', '.join(sources)}")
    ordered = sorted(rules.values(), key=lambda rule: (rule.section, rule.number))
    return Requirements({rule.identifier: rule for rule in ordered}, sections)


def _rule_before(document: str, end: int) -> str:
    """The sentence, or row of a table, before a tag."""
    text = document[document.rfind("\n\n", 0, end) : end]
    for boundary in (r"\n(?:- |\d+\. |\|)", r"\[R-[^\]]+\][.;:,]?"):
        text = re.split(boundary, text)[-1]
    if " | " not in text:
        text = re.split(r"(?<=[.;])\s+(?=[A-Z`*])", text.strip())[-1]
    text = re.sub(r"\]\(#[^)]*\)", "]", text)
    return " ".join(text.replace("**", "").replace(" | ", ": ", 1).replace(" | ", "; ").split()).strip("|-., ")


def load(document: Path | None = None) -> Requirements:
    """The requirements of a Protocol.md: a given one, the repository's, or else the packaged ones."""
    path = document or (DOCUMENT if DOCUMENT.exists() else None)
    if path:
        return parse(path.read_text())
    packaged = json.loads(PACKAGED.read_text())
    rules = {rule["identifier"]: Requirement(**{**rule, "roles": tuple(rule["roles"])}) for rule in packaged["rules"]}
    return Requirements(rules, {int(number): title for number, title in packaged["sections"].items()})


def packaged_text(requirements: Requirements) -> str:
    """What ``requirements.json`` has to contain."""
    rules = [asdict(rule) for rule in requirements.rules.values()]
    return json.dumps({"sections": requirements.sections, "rules": rules}, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """List the requirements, or renew the packaged copy."""
    parser = argparse.ArgumentParser(prog="python -m parallel_conformance.requirements", description=main.__doc__)
    parser.add_argument("--update", action="store_true", help="write requirements.json")
    requirements = load()
    if parser.parse_args().update:
        PACKAGED.write_text(packaged_text(requirements))
    for rule in requirements.rules.values():
        print(f"{rule.identifier:8} {rule.strength:9} {', '.join(rule.roles):26} {rule.text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
