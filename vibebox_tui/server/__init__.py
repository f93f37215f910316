"""The server: REST and WebSockets over environments that really run."""
