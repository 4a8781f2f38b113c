"""The chaos harness uses the clusters and the raw sockets of the conformance tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Conformance"))
