"""REST: each route parses, asks a service and answers with a representation."""

from vibebox_tui.server.routes.application import create_application

__all__ = ["create_application"]
