"""`python -m fragaudit`, and the entry point of the `fragaudit` command."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and end the process with its exit code; never with a traceback, unless asked for one."""
    # What a command makes lives as long as the process does: to look for cycles in it would take a fifth more time.
    gc.disable()
    from fragaudit.cli.app import app

    try:
        app(prog_name="fragaudit")
    except BrokenPipeError:
        # The reader (`| head`) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("FRAGAUDIT_DEBUG"):
            raise
        sys.stderr.write(
            f"fragaudit: internal error: {type(error).__name__}: {error}\n"
            "This is a bug in fragaudit; please report it. FRAGAUDIT_DEBUG=1 shows where it happened.\n"
        )
        sys.exit(2)
    finally:
        gc.freeze()  # the interpreter looks for them once more when it ends


if __name__ == "__main__":
    main()
