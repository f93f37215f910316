"""`python -m vibebox_tui` is `vibebox`."""

from vibebox_tui.cli import main

if __name__ == "__main__":
    main()
