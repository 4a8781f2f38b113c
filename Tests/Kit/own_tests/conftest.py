"""The kit's package is found beside these tests, whether it is installed or not."""

import sys
from pathlib import Path

KIT = Path(__file__).parents[1]
sys.path.insert(0, str(KIT))
