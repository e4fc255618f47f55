"""`python -m zoo`."""

import sys
from pathlib import Path

# The working folder comes first in Python's path, and may have a `callbacks` of its own.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

try:
    from zoo.commands.app import main
except KeyboardInterrupt:
    sys.exit(130)

if __name__ == "__main__":
    main()
