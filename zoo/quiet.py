"""Imports Keras without the lines that TensorFlow's C++ part prints about the machine."""

from __future__ import annotations

import os
import sys
import tempfile


def import_keras() -> None:
    """Imports Keras; what is printed to standard error meanwhile is shown only if that fails."""
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        # TensorFlow logs before it reads the level above, so the descriptor itself is turned away.
        os.dup2(caught.fileno(), 2)
        try:
            import keras  # noqa: F401
        except BaseException:
            caught.seek(0)
            os.write(kept, caught.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
