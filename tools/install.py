"""What make sets up: a virtual environment, or tuxscope below a prefix.

python tools/install.py venv DIR PIP_ARGUMENT...   what pip installs, into a venv in DIR
python tools/install.py install PREFIX             PREFIX/lib/tuxscope and PREFIX/bin/tuxscope
python tools/install.py uninstall PREFIX           take away what install made, and nothing else

What goes wrong is one line on stderr, with exit status 1. A Python that is too old can
read this file.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 -- it may be any that somebody has
    sys.exit(
        f"tuxscope: Python 3.11 or later is needed, and {sys.executable} is "
        f"{sys.version_info[0]}.{sys.version_info[1]}; try: make PYTHON=python3.13"
    )

from environment import SetupError, set_up
from prefix import install, uninstall


def main(arguments: list[str]) -> None:
    try:
        if arguments[:1] == ["venv"] and len(arguments) > 2:
            set_up(arguments[1], arguments[2:])
        elif arguments[:1] == ["install"] and len(arguments) == 2:
            install(arguments[1])
        elif arguments[:1] == ["uninstall"] and len(arguments) == 2:
            uninstall(arguments[1])
        else:
            sys.exit(__doc__)
    except SetupError as error:
        sys.exit(f"tuxscope: {error}")
    except OSError as error:
        sys.exit(f"tuxscope: {error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)


main(sys.argv[1:])
