"""`python -I -S …/keeper/__main__.py FD PATH`: keep for the server that listens at PATH on FD.

The server makes the socket, so that it can connect before this has started.
"""

import gc
import socket
import sys


def main() -> None:
    """Run the keeper; without site-packages, this package has to be found first."""
    root = __file__.removesuffix("/vibebox_tui/server/keeper/__main__.py")
    sys.path.insert(0, root)
    from vibebox_tui.server.keeper.keeper import Keeper

    # Nothing here makes cycles; and what isn't traversed stays shared with forked children.
    gc.disable()
    alone = {"alone": float(sys.argv[3])} if len(sys.argv) > 3 else {}
    Keeper(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], **alone).run()


if __name__ == "__main__":
    main()
